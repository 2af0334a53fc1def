/**
 * What leaves by one connection. A step's frames are copied behind their lengths into chunks, which are handed to the kernel together at the
 * end of the step: one write, or one writev.
 *
 * ```
 *   frames of a step ──> chunk, chunk, ... ──flush──> socket ──> kernel
 *                        |<---------- backlog ---------->|
 * ```
 * A receiver that is slow makes the backlog grow. Data frames are dropped beyond one bound, so that what is queued stays young; control frames
 * are not, for a session that loses them is none: beyond a second bound the connection is given up.
 */
import type { Socket } from 'node:net';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import { LENGTH_BYTES } from './frame-splitter.js';

/** Bytes that may wait: of data, and of everything. */
export const DATA_BACKLOG_BYTES = 256 * 1024;
export const TOTAL_BACKLOG_BYTES = 512 * 1024;

const CHUNK_BYTES = 64 * 1024 + 1024;
const SPARE_CHUNKS = 64;

/** Frames that are written together. */
interface Chunk {
  readonly bytes: Buffer;
  used: number;
  frames: number;
  transit: number;
  /** Given to `write`: one function for the life of the chunk. */
  readonly onWritten: (error?: Error | null) => void;
}

/** The chunks of all connections of a port, and what becomes of them. */
export class Chunks {
  readonly #counters: CounterBlock;
  readonly #spare: Chunk[] = [];

  constructor(counters: CounterBlock) {
    this.#counters = counters;
  }

  take(): Chunk {
    return this.#spare.pop() ?? this.#make();
  }

  #make(): Chunk {
    const chunk: Chunk = {
      bytes: Buffer.allocUnsafeSlow(CHUNK_BYTES),
      used: 0,
      frames: 0,
      transit: 0,
      onWritten: (error) => this.#written(chunk, error ?? undefined),
    };
    return chunk;
  }

  #written(chunk: Chunk, error: Error | undefined): void {
    if (error) this.#counters.add(COUNTER.sendFailed, chunk.frames);
    else {
      this.#counters.add(COUNTER.sent, chunk.frames);
      this.#counters.add(COUNTER.sentBytes, chunk.used - chunk.frames * LENGTH_BYTES);
      this.#counters.add(COUNTER.forwarded, chunk.transit);
      this.#counters.add(COUNTER.sendCalls, 1);
    }
    chunk.used = 0;
    chunk.frames = 0;
    chunk.transit = 0;
    if (this.#spare.length < SPARE_CHUNKS) this.#spare.push(chunk);
  }
}

export class OutQueue {
  readonly #socket: Socket;
  readonly #chunks: Chunks;
  readonly #ready: Chunk[] = [];
  #readyBytes = 0;

  constructor(socket: Socket, chunks: Chunks) {
    this.#socket = socket;
    this.#chunks = chunks;
  }

  /** Bytes that the kernel has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength + this.#readyBytes;
  }

  /** Copies in the frame at `at`; it leaves with {@link flush}. */
  add(slab: Uint8Array, at: number, length: number, isTransit: boolean): void {
    let chunk = this.#ready.at(-1);
    if (chunk === undefined || chunk.used + LENGTH_BYTES + length > CHUNK_BYTES) {
      chunk = this.#chunks.take();
      this.#ready.push(chunk);
    }
    const { bytes, used } = chunk;
    bytes[used] = length >>> 8;
    bytes[used + 1] = length & 255;
    bytes.set(slab.subarray(at, at + length), used + LENGTH_BYTES);
    chunk.used = used + LENGTH_BYTES + length;
    chunk.frames++;
    if (isTransit) chunk.transit++;
    this.#readyBytes += LENGTH_BYTES + length;
  }

  flush(): void {
    if (this.#ready.length === 0) return;
    const gathers = this.#ready.length > 1;
    if (gathers) this.#socket.cork();
    for (const { bytes, used, onWritten } of this.#ready) this.#socket.write(bytes.subarray(0, used), onWritten);
    if (gathers) this.#socket.uncork();
    this.#ready.length = 0;
    this.#readyBytes = 0;
  }
}
