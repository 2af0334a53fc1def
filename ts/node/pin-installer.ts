/**
 * Puts pinned paths into the pin table, and gives their labels back to the control plane when no worker can use them any more.
 */
import type { PinOutput } from '../control/pins/pinned-paths.js';
import type { Epochs } from '../memory/epochs.js';
import type { PinTableWriter } from '../memory/pin-table.js';

/** How often labels that were taken out are looked at, ms. */
const LOOK_MS = 5;

export class PinInstaller {
  readonly #table: PinTableWriter;
  readonly #epochs: Epochs;
  readonly #onFree: (label: number) => void;
  #going: { readonly label: number; readonly epoch: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(table: PinTableWriter, epochs: Epochs, onFree: (label: number) => void) {
    this.#table = table;
    this.#epochs = epochs;
    this.#onFree = onFree;
  }

  apply(output: PinOutput): void {
    if (output.kind === 'pinInstall') return this.#table.install(output.label, output);
    this.#table.remove(output.label);
    this.#going.push({ label: output.label, epoch: this.#epochs.advance() });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const free = this.#going.filter(({ epoch }) => this.#epochs.passed(epoch));
    this.#going = this.#going.filter((one) => !free.includes(one));
    if (this.#going.length === 0) this.close();
    for (const { label } of free) this.#onFree(label);
  }
}
