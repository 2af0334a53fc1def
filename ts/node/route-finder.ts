/** Looks for paths that keep to limits: one question to the control plane, one answer, in words that people use. */

import { limitsProblem } from '../control/query/limits.js';
import type { QueryResult } from '../control/query/queries.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import type { LimitName, RefusalReason, RouteLimits, Shortfall } from '../wire/route-query.js';
import type { FoundRoute } from './admin.types.js';
import type { ControlDriver } from './control-driver.js';
import { invalidOption, PortolanError } from './errors.js';

export type { RouteLimits } from '../wire/route-query.js';

interface Waiting {
  readonly destination: NodeId;
  readonly limits: RouteLimits;
  readonly finish: (outcome: FoundRoute | PortolanError) => void;
}

export class RouteFinder {
  readonly #self: NodeId;
  readonly #driver: () => ControlDriver;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(self: NodeId, driver: () => ControlDriver) {
    this.#self = self;
    this.#driver = driver;
  }

  /** The first path that is found. Rejects with NO_PATH, whose message says why; or with the signal's reason. */
  find(destination: NodeId, limits: RouteLimits, signal?: AbortSignal): Promise<FoundRoute> {
    signal?.throwIfAborted();
    const problem = limitsProblem(limits);
    if (problem !== undefined) throw new PortolanError('INVALID_OPTION', problem, { option: 'limits' });
    if (destination === this.#self) throw invalidOption('destination', 'another node', formatNodeId(destination));
    const number = ++this.#last;
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.delete(number);
        reject(signal?.reason);
      };
      const finish = (outcome: FoundRoute | PortolanError) => {
        this.#waiting.delete(number);
        signal?.removeEventListener('abort', abort);
        if (outcome instanceof PortolanError) reject(outcome);
        else resolve(outcome);
      };
      signal?.addEventListener('abort', abort);
      this.#waiting.set(number, { destination, limits, finish });
      this.#driver().input((control, now) =>
        control.handleCommand({ kind: 'findRoute', number, destination, limits }, now),
      );
    });
  }

  /** What the control plane says; later and better paths than the first are for those that pin them. */
  handleResult(number: number, result: QueryResult): void {
    const waiting = this.#waiting.get(number);
    if (!waiting) return;
    const { destination, limits, finish } = waiting;
    finish(
      result.kind === 'found'
        ? foundRoute(destination, result)
        : new PortolanError('NO_PATH', refusalText(destination, limits, result)),
    );
  }

  /** The node closes. */
  close(): void {
    for (const { finish } of this.#waiting.values()) finish(new PortolanError('CLOSED', 'the node is closed'));
  }
}

/** A path in the units of people. */
export function foundRoute(
  destination: NodeId,
  { path, measure }: Extract<QueryResult, { kind: 'found' }>,
): FoundRoute {
  const { rttMs, cost, mbps, delivery, hops } = measure;
  return {
    destination: formatNodeId(destination),
    path: path.map(formatNodeId),
    rttMs,
    cost,
    mbps: mbps === Infinity ? null : mbps,
    lossPercent: 100 * (1 - delivery),
    hops,
  };
}

const REASONS: Readonly<Record<Exclude<RefusalReason, 'limits'>, string>> = {
  noRoute: 'no neighbour knows a way there',
  tokens: 'the search was given up before all ways were tried',
  seen: 'all ways lead through nodes that were asked already',
  busy: 'a node on the way answers no more queries at the moment: try again',
  late: 'a node on the way did not answer: try again',
};

const UNITS: Readonly<Record<LimitName, (value: number) => string>> = {
  rttMs: (value) => `${format(value)} ms`,
  cost: (value) => `a cost of ${format(value)}`,
  mbps: (value) => `${format(value)} Mbit/s`,
  lossPercent: (value) => `${format(value)} % of loss`,
  hops: (value) => `${value} hops`,
};

const format = (value: number) => String(Math.round(value * 100) / 100);

/** As in "no path to 1.1.1.9 within 100 ms: the best found has 131 ms, over 1.1.3.7". */
export function refusalText(
  destination: NodeId,
  limits: RouteLimits,
  { reason, best }: Extract<QueryResult, { kind: 'refused' }>,
): string {
  const what = `no path to ${formatNodeId(destination)} ${best ? wanted(best, limits) : 'that keeps to the limits'}`;
  const why = reason === 'limits' && best ? undefined : REASONS[reason === 'limits' ? 'noRoute' : reason];
  const closest = best && `the best found has ${UNITS[best.limit](best.value)}, over ${formatNodeId(best.over)}`;
  return `${what}: ${[closest, why].filter(Boolean).join('; ')}`;
}

function wanted({ limit }: Shortfall, limits: RouteLimits): string {
  const text = UNITS[limit](limits[limit] ?? 0);
  return limit === 'mbps' ? `with ${text}` : `within ${text}`;
}
