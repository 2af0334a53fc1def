/** Tells the control plane where own traffic goes, for as long as there is any. */
import { FlowReader } from '../memory/flow-counts.js';
import type { ControlDriver } from './control-driver.js';

/** How often the workers' counts are read, ms. */
const READ_MS = 500;

export class FlowWatch {
  readonly #reader: FlowReader;
  readonly #driver: ControlDriver;
  #timer: NodeJS.Timeout | undefined;

  constructor(counts: SharedArrayBuffer, driver: ControlDriver) {
    this.#reader = new FlowReader(counts);
    this.#driver = driver;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#read(), READ_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #read(): void {
    const samples = this.#reader.read();
    if (samples.length === 0) return;
    this.#driver.input((control, now) => control.handleCommand({ kind: 'flows', samples }, now));
  }
}
