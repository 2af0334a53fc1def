/**
 * What the death of one node costs a network at rest: how long until nobody believes in it any more, until every table is right again,
 * how long the pairs whose packets went through it are cut off, and what routing sends meanwhile.
 */

import type { NodeId } from '../kit/node-id.js';
import { backupOf, primaryOf, slotFor } from '../memory/forwarding-table.js';
import { ExpectedRoutes, type JudgedNode, walk, wrongSlots } from './convergence.js';
import type { World } from './world.js';

/** How finely times are measured, ms. */
const LOOK_MS = 2;
/** After so long it has failed, ms. */
const GIVE_UP_MS = 20_000;
/** Routing is also counted for so long after all is right, ms: what follows lazily. */
const AFTERMATH_MS = 1000;

export interface Withdrawal {
  readonly victim: NodeId;
  /** Milliseconds from the death until no node has a route to the victim; Infinity: never. */
  readonly forgotten: number;
  /** Milliseconds until every table holds what the reference finds, and nothing else. */
  readonly settled: number;
  /** Bytes of control frames, headers included, of the whole network until then and a second longer. */
  readonly controlBytes: number;
  /** Milliseconds of outage of each pair whose path broke, by whether the node before the victim had a backup next hop. */
  readonly outages: { readonly withBackup: readonly number[]; readonly without: readonly number[] };
}

/**
 * Sends data between `id` and each neighbour every second, by the wire that joins them, whatever the route: so its links probe at their
 * fast rate.
 */
export function keepBusy(world: World, id: NodeId): void {
  for (const { a, b } of world.wires) {
    if (a !== id && b !== id) continue;
    world.node(a)?.sendToNeighbour(b);
    world.node(b)?.sendToNeighbour(a);
  }
  world.queue.after(1000, () => {
    if (world.isAlive(id)) keepBusy(world, id);
  });
}

/** Kills `victim` in a world at rest, and measures. The world goes on without it. */
export function measureWithdrawal(world: World, victim: NodeId): Withdrawal {
  const affected = pairsThrough(world, victim);
  const start = world.queue.now;
  const bytesBefore = world.controlBytes;
  world.note(victim, 'crashes for good');
  world.crash(victim);
  const expected = new ExpectedRoutes(world.reference());
  const outages: { withBackup: number[]; without: number[] } = { withBackup: [], without: [] };
  let waiting = affected;
  let forgotten = Infinity;
  let settled = Infinity;
  while (world.queue.now < start + GIVE_UP_MS && (waiting.length > 0 || settled === Infinity)) {
    world.queue.runUntil(world.queue.now + LOOK_MS);
    const passed = world.queue.now - start;
    const nodes = new Map(world.liveNodes().map((node) => [node.id, node]));
    const stillWaiting = waiting.filter(({ source, destination }) => walk(nodes, source, destination) !== destination);
    for (const pair of waiting)
      if (!stillWaiting.includes(pair)) (pair.hadBackup ? outages.withBackup : outages.without).push(passed);
    waiting = stillWaiting;
    if (forgotten === Infinity && !isRemembered(world, victim, expected)) forgotten = passed;
    if (forgotten !== Infinity && settled === Infinity && wrongSlots(world.liveNodes(), expected).length === 0)
      settled = passed;
  }
  for (const { hadBackup } of waiting) (hadBackup ? outages.withBackup : outages.without).push(Infinity);
  world.queue.runUntil(world.queue.now + AFTERMATH_MS);
  return { victim, forgotten, settled, controlBytes: world.controlBytes - bytesBefore, outages };
}

interface Pair {
  readonly source: NodeId;
  readonly destination: NodeId;
  readonly hadBackup: boolean;
}

/** The pairs whose packets go through `victim` now. */
function pairsThrough(world: World, victim: NodeId): Pair[] {
  const pairs: Pair[] = [];
  for (const source of world.ids) {
    for (const destination of world.ids) {
      if (source === destination || source === victim || destination === victim) continue;
      const before = nodeBefore(world, source, destination, victim);
      if (!before) continue;
      const word = before.forwarding[slotFor(before.id, destination, 0)] as number;
      pairs.push({ source, destination, hadBackup: primaryOf(word) !== 0 && backupOf(word) !== 0 });
    }
  }
  return pairs;
}

/** The node that hands packets of the pair to `victim`; undefined: they do not go through it. */
function nodeBefore(world: World, source: NodeId, destination: NodeId, victim: NodeId): JudgedNode | undefined {
  let at = world.node(source);
  for (let hops = 0; at && at.id !== destination && hops < world.ids.length; hops++) {
    const next = at.nextHop(destination, at.id === source);
    if (next === victim) return at;
    at = next === undefined || next === at.id ? undefined : world.node(next);
  }
  return undefined;
}

/** Whether a node has a route to the victim that is nobody else's route too (in other zones it goes on for the victim's mates). */
function isRemembered(world: World, victim: NodeId, expected: ExpectedRoutes): boolean {
  return world.liveNodes().some(({ id, forwarding }) => {
    const slot = slotFor(id, victim, 0);
    return primaryOf(forwarding[slot] as number) !== 0 && !expected.has(id, (slot >>> 8) + 1, slot & 255);
  });
}
