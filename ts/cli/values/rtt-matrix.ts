import { readFileSync } from 'node:fs';
import { parseRttMatrix, type RttMatrix } from '../../sim/index.js';
import { UsageError } from '../errors.js';

/** Reads a file of round-trip times. Throws a UsageError that names the file and the line. */
export function readRttMatrix(file: string): RttMatrix {
  try {
    return parseRttMatrix(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--rtt ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
