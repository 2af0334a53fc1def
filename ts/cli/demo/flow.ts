/** A measured flow of packets from one node to a port of another, by the load stages of their packet paths. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadSinkReport, LoadSourceReport } from '../../node/admin.types.js';
import type { NodeProcess } from '../processes/node-process.js';

const PORT = 6000;

/** What came in between two looks. */
export interface FlowSample {
  readonly received: number;
  readonly packetsPerSecond: number;
  readonly bitsPerSecond: number;
  readonly lost: number;
  /** Since the last reset: the longest silence between two packets, and how long packets were on their way. */
  readonly longestGapMs: number;
  readonly delayMicros: LoadSinkReport['delayMicros'];
}

/** What is under way when a source stops has arrived after this time. Milliseconds. */
const SETTLE = 60;

export class MeasuredFlow {
  readonly #source: NodeProcess;
  readonly #sink: NodeProcess;
  /** Bytes of payload a packet. */
  readonly size: number;
  #before: LoadSinkReport | undefined;

  constructor(source: NodeProcess, sink: NodeProcess, size: number) {
    this.#source = source;
    this.#sink = sink;
    this.size = size;
  }

  /** Begins, or goes on at another rate, packets a second; and measures from zero, for sequence numbers begin anew. */
  async start(rate: number): Promise<void> {
    await this.stop();
    await sleep(SETTLE);
    await this.reset();
    await this.#source.admin.send<LoadSourceReport>('POST', '/load/source', {
      destination: this.#sink.id,
      port: PORT,
      size: this.size,
      rate,
    });
  }

  async stop(): Promise<void> {
    await this.#source.admin.send<LoadSourceReport>('DELETE', '/load/source');
  }

  async look(): Promise<FlowSample> {
    const now = await this.#sink.admin.get<LoadSinkReport>('/load/sink');
    const before = this.#before;
    this.#before = now;
    const received = now.received - (before?.received ?? 0);
    const seconds = (now.lastMs - (before?.lastMs || now.firstMs)) / 1000;
    const packetsPerSecond = seconds > 0 ? received / seconds : 0;
    return {
      received,
      packetsPerSecond,
      bitsPerSecond: packetsPerSecond * this.size * 8,
      lost: Math.max(0, now.lost - (before?.lost ?? 0)),
      longestGapMs: now.longestGapMs,
      delayMicros: now.delayMicros,
    };
  }

  /** Measures from zero. */
  async reset(): Promise<void> {
    this.#before = undefined;
    await this.#sink.admin.send<LoadSinkReport>('POST', '/load/sink', { port: PORT });
  }
}
