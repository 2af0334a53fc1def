/**
 * Flows that last, one after the other, each with the real path optimiser of its source (`ts/control/optimiser`) over the queries of the planet: what is better than the
 * tables' ways, and what it costs to find. Pins are granted at once.
 */
import { Optimiser } from '../../control/optimiser/optimiser.js';
import type { QueryResult } from '../../control/query/queries.js';
import type { NodeId } from '../../kit/node-id.js';
import { TrafficClass } from '../../wire/network-header.js';
import type { PlanetQueries } from './queries.js';
import type { Station } from './station.js';

/** A flow sends so many packets, twice with this pause between: enough to be looked after. */
const PACKETS = 1000;
const PAUSE_MS = 2_500;
/** Then its path is as good as it gets, before the flow is forgotten for want of packets. */
const SETTLED_MS = 25_000;

export interface ServedFlow {
  /** Round trip of the path that it was given, ms; undefined: the tables' way is good enough. */
  readonly rttMs: number | undefined;
  /** Of queries, answers and refusals, those by which the tables' way was measured included. */
  readonly messages: number;
}

/** Lets one flow last until the optimiser has done for it what it can. */
export function serveFlow(queries: PlanetQueries, source: Station, destination: NodeId): ServedFlow {
  const { queue } = queries;
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
  const rttMs = optimiser.pins()[0]?.measure.rttMs;
  const messages = queries.messages - before;
  queries.forget();
  return { rttMs, messages };
}
