/**
 * What leaves by one connection. A step's frames are copied behind their lengths into chunks, which are handed to the kernel together at the
 * end of the step: one write, or one writev.
 *
 * ```
 *   frames of control ───────────────────────────> chunk, chunk, ... ──flush──> socket ──> kernel
 *   data ──> (waits: data-queue.ts) ──has room──>  |<--------- backlog -------->|
 * ```
 * Of data only so much is let in as the way carries at once (send-window.ts) and as leaves the socket little to keep for a kernel that is full: so
 * control waits for little. Control itself is never dropped, for a session that loses it is none: beyond a bound the connection is given up.
 */
import type { Socket } from 'node:net';
import { BATCH_HELD, type Batch } from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import { LENGTH_BYTES } from './frame-splitter.js';

/** Bytes that may wait for the kernel: data is let in up to the first bound, and beyond the second one the connection is given up. */
export const SOCKET_DATA_BYTES = 128 * 1024;
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
  readonly #batch: Pick<Batch, 'words'>;
  readonly #counters: CounterBlock;
  readonly #onWritten: () => void;
  readonly #spare: Chunk[] = [];

  /** Frames count as held back by the worker of `batch` until the kernel has them. `onWritten`: it has taken some. */
  constructor(batch: Pick<Batch, 'words'>, counters: CounterBlock, onWritten: () => void) {
    this.#batch = batch;
    this.#counters = counters;
    this.#onWritten = onWritten;
  }

  /** So many frames more, or less, wait. */
  hold(change: number): void {
    const { words } = this.#batch;
    words[BATCH_HELD] = (words[BATCH_HELD] as number) + change;
  }

  /** Frames that waited are lost with their connection. */
  lose(frames: number): void {
    this.hold(-frames);
    this.#counters.add(COUNTER.sendFailed, frames);
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
    this.hold(-chunk.frames);
    chunk.used = 0;
    chunk.frames = 0;
    chunk.transit = 0;
    if (this.#spare.length < SPARE_CHUNKS) this.#spare.push(chunk);
    this.#onWritten();
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
    this.#chunks.hold(1);
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
