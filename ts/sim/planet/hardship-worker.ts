/** A thread for one network: what befalls it goes by the port as it comes. */
import type { MessagePort } from 'node:worker_threads';
import { type Hardship, type HardshipOptions, measureHardship } from './hardship.js';

export interface HardshipTask {
  readonly options: HardshipOptions;
  readonly progress: MessagePort;
}

export default function run({ options, progress }: HardshipTask): Hardship {
  return measureHardship(options, (what) => progress.postMessage(what));
}
