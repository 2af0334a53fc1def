/**
 * Flows that last, one after the other, each with the real path optimiser of its source (`ts/control/optimiser`) over the queries of the planet: what is better than the
 * tables' ways, and what it costs to find. Pins are granted at once; a link that it makes for the flow is in the planet for as long as the flow lasts, and tables move to it.
 */
import { Optimiser } from '../../control/optimiser/optimiser.js';
import { measureOf } from '../../control/query/limits.js';
import type { QueryResult } from '../../control/query/queries.js';
import { invariant } from '../../kit/assert.js';
import type { NodeId } from '../../kit/node-id.js';
import { TrafficClass } from '../../wire/network-header.js';
import type { PlanetLink } from './link.js';
import { walkTables } from './paths.js';
import type { PlanetWorld } from './planet-world.js';
import type { PlanetQueries } from './queries.js';
import type { Station } from './station.js';

/** A flow sends so many packets, twice with this pause between: enough to be looked after. */
const PACKETS = 1000;
const PAUSE_MS = 2_500;
/** Then its path is as good as it gets, before the flow is forgotten for want of packets. */
const SETTLED_MS = 25_000;

/** Tables stand still again so long after a link has come or gone, ms. */
const TABLES_MS = 2_000;

export interface ServedFlow {
  /** Round trip of the path that it was given, ms; undefined: the tables' way is good enough. */
  readonly rttMs: number | undefined;
  /** Whether a link was made for it. */
  readonly isLinked: boolean;
  /** Of queries, answers and refusals, those by which the tables' way was measured included. */
  readonly messages: number;
}

/** Lets one flow last until the optimiser has done for it what it can. */
export function serveFlow(
  world: PlanetWorld,
  queries: PlanetQueries,
  source: Station,
  { node, id: destination }: Station,
): ServedFlow {
  const { queue } = queries;
  let link: PlanetLink | undefined;
  const before = queries.messages;
  const optimiser: Optimiser = new Optimiser({
    follow: (number, to, trafficClass) =>
      queries.follow(source, to, trafficClass, (result, now) => hear(number, result, now)),
    ask: (number, to, limits) => queries.search(source, to, limits, 'none', (result, now) => hear(number, result, now)),
    pin: (number, path, _, now) => {
      optimiser.handlePin(number, { kind: 'granted', rttMs: found.get(path) as number }, now);
      return true;
    },
    unpin: () => {},
    isTaken: () => false,
    direct: () => {
      const straight = world.linksAt[source.node]?.find(({ nodes, isUp }) => isUp && nodes.includes(node));
      return straight && measureOf(straight.quality);
    },
    measure: () => {
      const rtt = world.plan.space.rtt(source.node, node);
      queue.after(rtt, () => {
        optimiser.handleMeasured(destination, rtt, queue.now);
        wake();
      });
      return true;
    },
    connect: () => {
      link = world.addLink(source.node, node);
      world.queue.runUntil(world.queue.now + TABLES_MS);
      queue.after(1.5 * link.rtt, () => {
        optimiser.handleLinkUp(destination, queue.now);
        wake();
      });
      return true;
    },
    disconnect: () => {
      if (link) world.removeLink(link);
      link = undefined;
      world.queue.runUntil(world.queue.now + TABLES_MS);
    },
  });
  /** Round trips, ms. */
  const found = new Map<readonly NodeId[], number>();
  const wake = () =>
    queue.at(optimiser.nextTimeout(), () => {
      if (optimiser.nextTimeout() > queue.now) return;
      optimiser.handleTimeout(queue.now);
      wake();
    });
  const hear = (number: number, result: QueryResult, now: number) => {
    if (result.kind === 'found') found.set(result.path, result.measure.rttMs);
    optimiser.handleResult(number, result, now);
    wake();
  };
  const send = () => {
    optimiser.handleFlows([{ destination, trafficClass: TrafficClass.LowLatency, packets: PACKETS }], queue.now);
    wake();
  };
  send();
  queue.runUntil(queue.now + PAUSE_MS);
  send();
  queue.runUntil(queue.now + SETTLED_MS);
  const isLinked = link !== undefined;
  const pinnedMs = optimiser.pins()[0]?.measure.rttMs;
  const rttMs = pinnedMs ?? (isLinked ? walkTables(world, source.node, node)?.rtt : undefined);
  const messages = queries.messages - before;
  queries.forget();
  invariant(link === undefined, 'a link that was made for a flow is gone when the flow is over');
  return { rttMs, isLinked, messages };
}
