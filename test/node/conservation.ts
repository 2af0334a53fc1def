/** The law of conservation, over whole nodes: no frame is lost without a counter. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CountersReport, Node } from '../../ts/index.js';
import { inHand, onTheWire, type Told } from '../../ts/memory/conservation.js';

const PATIENCE_MS = 10_000;
/** Counters of several threads are read one after the other: so often in a row must the law hold. */
const LOOKS = 5;

/**
 * Resolves when each node has told of every frame that it received or started what became of it, and the nodes together have received,
 * or seen dropped by the kernel, all that they have sent. For native nodes that are linked with each other alone.
 */
export function conserved(nodes: readonly Node[]): Promise<void> {
  return lawHolds(() => nodes.map((node) => toldBy(node.counters())));
}

/** The same of whoever counts as nodes do. */
export async function lawHolds(tellers: () => readonly Told[]): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (let held = 0; held < LOOKS; ) {
    const told = tellers();
    const missing = [...told.map(inHand), onTheWire(told)];
    held = missing.every((frames) => frames === 0) ? held + 1 : 0;
    if (performance.now() > until)
      throw new Error(
        `frames lost without a counter, a node and on the wire: ${missing.join(', ')}\n${JSON.stringify(told)}`,
      );
    await delay(10); // frames are always under way: only a look tells when none is
  }
}

/** Throws unless the node, which is closed, has told of every frame what became of it. */
export function assertConserved(node: Node): void {
  const told = toldBy(node.counters());
  const missing = inHand(told);
  if (missing === 0) return;
  const counters = Object.entries(told).filter(([, count]) => count !== 0);
  throw new Error(
    `node ${node.id} lost ${missing} frames without a counter: ${JSON.stringify(Object.fromEntries(counters))}`,
  );
}

export const toldBy = ({ dropped, ...counts }: CountersReport): Told => ({ ...counts, ...dropped }) as Told;
