/**
 * Frames that outlive their batch: copied into cells of a fixed size, as many in a row as a frame needs. All memory is taken at once, nothing is
 * allocated a frame; a frame is named by its first cell.
 *
 * ```
 *   frame 7:  cell 7 ──next──> cell 2 ──next──> cell 9          free: a stack of cells, chained in the same way
 * ```
 */
import { copyBytes } from './copy.js';

export const CELL_BYTES = 512;
const NONE = -1;

export class FrameStore {
  readonly cells: number;
  /** Frames in it. */
  size = 0;
  readonly #memory: DataView;
  readonly #next: Int32Array;
  readonly #lengths: Int32Array;
  #free = 0;
  #freeCells: number;

  /** Room for `cells` times {@link CELL_BYTES}. */
  constructor(cells: number) {
    this.cells = cells;
    this.#memory = new DataView(new ArrayBuffer(cells * CELL_BYTES));
    this.#next = Int32Array.from({ length: cells }, (_, cell) => (cell + 1 < cells ? cell + 1 : NONE));
    this.#lengths = new Int32Array(cells);
    this.#freeCells = cells;
  }

  get freeCells(): number {
    return this.#freeCells;
  }

  /** Copies a frame of `length` bytes in; its first cell, -1 when there is no room. */
  put(from: DataView, at: number, length: number): number {
    const needed = Math.max(1, Math.ceil(length / CELL_BYTES));
    if (needed > this.#freeCells) return NONE;
    const first = this.#free;
    let cell = first;
    let last = first;
    for (let done = 0, i = 0; i < needed; i++, done += CELL_BYTES) {
      copyBytes(from, at + done, this.#memory, cell * CELL_BYTES, Math.min(CELL_BYTES, length - done));
      last = cell;
      cell = this.#next[cell] as number;
    }
    this.#free = cell;
    this.#freeCells -= needed;
    this.#next[last] = NONE;
    this.#lengths[first] = length;
    this.size++;
    return first;
  }

  /** The length of a frame. */
  length(frame: number): number {
    return this.#lengths[frame] as number;
  }

  /** A byte of the frame's first {@link CELL_BYTES}. */
  byte(frame: number, offset: number): number {
    return this.#memory.getUint8(frame * CELL_BYTES + offset);
  }

  /** Changes a byte of the frame's first {@link CELL_BYTES}. */
  setByte(frame: number, offset: number, value: number): void {
    this.#memory.setUint8(frame * CELL_BYTES + offset, value);
  }

  /** Copies a frame out and gives its cells back. */
  take(frame: number, to: DataView, at: number): void {
    const length = this.length(frame);
    for (let cell = frame, done = 0; done < length; done += CELL_BYTES, cell = this.#next[cell] as number)
      copyBytes(this.#memory, cell * CELL_BYTES, to, at + done, Math.min(CELL_BYTES, length - done));
    this.drop(frame);
  }

  /** Gives a frame's cells back. */
  drop(frame: number): void {
    let last = frame;
    let cells = 1;
    for (; this.#next[last] !== NONE; cells++) last = this.#next[last] as number;
    this.#next[last] = this.#free;
    this.#free = frame;
    this.#freeCells += cells;
    this.size--;
  }
}
