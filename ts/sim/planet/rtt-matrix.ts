/**
 * Measured round-trip times: a text of tab-separated rows, entry (i, j) in milliseconds from node i to node j. What was not measured is 0
 * (besides the diagonal), negative, empty or `nan`.
 */
import type { RttSpace } from './rtt-space.js';

/** A measured pair is never faster than this, ms: clocks are coarse. */
const LEAST_MS = 0.1;
/** The largest matrix that is read: a gigabyte of text. */
const MOST_NODES = 12_000;

export class RttMatrix implements RttSpace {
  readonly size: number;
  /** Row by row, ms; Infinity: not measured. */
  readonly values: Float32Array;

  /** `values`: row by row; the two directions of a pair are replaced by their mean, or by the one that was measured. */
  constructor(size: number, values: Float32Array) {
    this.size = size;
    this.values = values;
    for (let i = 0; i < size; i++) {
      values[i * size + i] = 0;
      for (let j = 0; j < i; j++) {
        const both = mean(values[i * size + j] as number, values[j * size + i] as number);
        values[i * size + j] = both;
        values[j * size + i] = both;
      }
    }
  }

  rtt(a: number, b: number): number {
    return this.values[a * this.size + b] as number;
  }
}

/** Reads a matrix. Throws a RangeError that names the line when the text is none. */
export function parseRttMatrix(text: string): RttMatrix {
  const rows = text.split(/\r?\n/).filter((row) => row.trim() !== '');
  const size = rows.length;
  if (size < 2 || size > MOST_NODES) throw new RangeError(`a matrix has 2 to ${MOST_NODES} rows, not ${size}`);
  const values = new Float32Array(size * size);
  rows.forEach((row, i) => {
    const cells = row.split('\t');
    if (cells.length === size + 1 && cells[size] === '') cells.pop(); // a tab at the end
    if (cells.length !== size) throw new RangeError(`row ${i + 1} has ${cells.length} values, not ${size}`);
    cells.forEach((cell, j) => {
      const value = cell.trim() === '' ? Number.NaN : Number(cell);
      if (Number.isNaN(value) && !/^\s*(nan)?\s*$/i.test(cell))
        throw new RangeError(`row ${i + 1}, value ${j + 1}: '${cell}' is no number`);
      values[i * size + j] = value > 0 ? Math.max(LEAST_MS, value) : Number.POSITIVE_INFINITY;
    });
  });
  return new RttMatrix(size, values);
}

function mean(one: number, other: number): number {
  if (one === Number.POSITIVE_INFINITY) return other;
  return other === Number.POSITIVE_INFINITY ? one : (one + other) / 2;
}
