import { seededRandom } from '../../ts/kit/random.js';
import { LINK_RX_HIGHEST } from '../../ts/memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../../ts/memory/region.js';

/**
 * `count` counters as a receiver might see them, the same for the same seed: mostly the next one, with reordering, duplicates, small
 * and large gaps, and counters at the very edge of the window. Both twins of the replay window are run on it.
 */
export function* replayTrace(seed: number, start: number, count: number): Generator<number> {
  const random = seededRandom(seed);
  let highest = start;
  for (let i = 0; i < count; i++) {
    const kind = random.below(100);
    let counter = highest + 1;
    if (kind < 20) counter = highest - random.below(70);
    else if (kind < 30) counter = highest - random.below(4200);
    else if (kind < 35) counter = highest - 4096 + random.below(3);
    else if (kind < 50) counter = highest + 1 + random.below(40);
    else if (kind < 53) counter = highest + 1 + random.below(4200);
    else if (kind < 54) counter = highest + 4095 + random.below(3);
    counter = Math.max(counter, 0);
    highest = Math.max(highest, counter);
    yield counter;
  }
}

/** Sets the highest counter that a link has seen, below 2^53. */
export function setHighest(region: Region, link: number, highest: number): void {
  const words = new Uint32Array(
    region.buffer,
    region.layout.linkEntries + link * LINK_ENTRY_BYTES + LINK_RX_HIGHEST,
    2,
  );
  words[0] = highest % 2 ** 32;
  words[1] = Math.floor(highest / 2 ** 32);
}
