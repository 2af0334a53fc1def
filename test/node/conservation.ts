/** The law of conservation, over whole nodes: no frame is lost without a counter. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Node } from '../../ts/index.js';
import type { Counter } from '../../ts/memory/counter-names.js';

const PATIENCE_MS = 10_000;
/** Counters of several threads are read one after the other: so often in a row must the law hold. */
const LOOKS = 5;

/**
 * Resolves when each node has told of every frame that it received or started what became of it, and the nodes together have received,
 * or seen dropped by the kernel, all that they have sent. For native nodes that are linked with each other alone.
 */
export async function conserved(nodes: readonly Node[]): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (let held = 0; held < LOOKS; ) {
    const missing = [...nodes.map(inHand), onTheWire(nodes)];
    held = missing.every((frames) => frames === 0) ? held + 1 : 0;
    if (performance.now() > until)
      throw new Error(
        `frames lost without a counter, a node and on the wire: ${missing.join(', ')}\n${JSON.stringify(nodes.map((node) => node.counters()))}`,
      );
    await delay(10); // frames are always under way: only a look tells when none is
  }
}

/** Frames of which the node has not yet told what became of them. */
function inHand(node: Node): number {
  const drops = Object.values(node.counters().dropped).reduce((sum, count) => sum + count, 0);
  return (
    sumOf([node], 'received', 'originated') -
    sumOf([node], 'sent', 'delivered', 'echoed', 'hellosAnswered', 'punted', 'joined') -
    drops
  );
}

function onTheWire(nodes: readonly Node[]): number {
  return sumOf(nodes, 'sent') - sumOf(nodes, 'received', 'socketOverflows');
}

function sumOf(nodes: readonly Node[], ...names: Counter[]): number {
  return nodes
    .flatMap((node) => names.map((name) => Number(node.counters()[name])))
    .reduce((sum, count) => sum + count);
}
