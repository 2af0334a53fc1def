import type { NodeId } from '../../kit/node-id.js';
import { NumberedPins, type NumberedPinsHost } from '../pins/numbered-pins.js';
import type { PinNews } from '../pins/pinned-paths.js';
import type { QueryResult } from '../query/queries.js';
import { Detours } from './detours.js';
import { Optimiser } from './optimiser.js';
import type { FlowPinNews, FlowSample, OptimiserHost, OwnLink, OwnPin, PathHost } from './optimiser.types.js';

export interface OwnPathsHost extends Omit<OptimiserHost, 'pin' | 'unpin'>, Omit<NumberedPinsHost, 'news'> {
  now(): number;
}

/** The two that look for paths without being asked share the numbers of questions and pins. */
const OWNERS = 2;

/** Paths that this node looks for and pins of its own accord: for flows that last, and round nodes that have no route. A detour goes before a better way. */
export class OwnPaths {
  readonly #host: OwnPathsHost;
  readonly #pins: NumberedPins;
  readonly #optimiser: Optimiser | undefined;
  readonly #detours: Detours;
  /** By what is left of a number divided by {@link OWNERS}. */
  readonly #owners: readonly (Optimiser | Detours | undefined)[];

  constructor(host: OwnPathsHost, { optimise }: { readonly optimise: boolean }) {
    this.#host = host;
    const { paths } = host;
    this.#pins = new NumberedPins({
      paths,
      randomId: () => host.randomId(),
      news: (number, kind, rttMs) => {
        const news: FlowPinNews = kind === 'granted' ? { kind, rttMs } : { kind };
        this.#owners[number % OWNERS]?.handlePin(Math.floor(number / OWNERS), news, host.now());
      },
    });
    const isDetoured = (destination: NodeId) => this.#detours.has(destination);
    const isTaken = (destination: NodeId) => host.isTaken(destination) || isDetoured(destination);
    const links: Omit<OptimiserHost, keyof PathHost> = {
      direct: (destination) => host.direct(destination),
      measure: (...what) => host.measure(...what),
      connect: (...what) => host.connect(...what),
      disconnect: (...what) => host.disconnect(...what),
    };
    this.#optimiser = optimise ? new Optimiser({ ...this.#hostOf(0), ...links, isTaken }) : undefined;
    this.#detours = new Detours({ ...this.#hostOf(1), isTaken: (destination) => host.isTaken(destination) });
    this.#owners = [this.#optimiser, this.#detours];
  }

  /** Where own traffic has gone since the last time. */
  handleFlows(samples: readonly FlowSample[], now: number): void {
    this.#optimiser?.handleFlows(samples, now);
    this.#detours.handleFlows(samples, now);
  }

  /** The node `at` (0: this one) has no route for a packet of ours. */
  unreachable(destination: NodeId, trafficClass: number, at: NodeId, now: number): void {
    this.#detours.unreachable(destination, trafficClass, at, now);
    if (this.#detours.has(destination)) this.#optimiser?.release(destination, now);
  }

  handleResult(number: number, result: QueryResult, now: number): void {
    this.#owners[number % OWNERS]?.handleResult(Math.floor(number / OWNERS), result, now);
  }

  /** What became of a path; false: it is nobody's here. */
  handleNews(id: bigint, news: PinNews, rttMs: number): boolean {
    return this.#pins.handleNews(id, news, rttMs);
  }

  /** Somebody who has precedence pins the route to there from here on. */
  release(destination: NodeId, now: number): void {
    this.#optimiser?.release(destination, now);
    this.#detours.release(destination);
  }

  // What becomes of links with destinations of flows.

  handleMeasured(destination: NodeId, rttMs: number | undefined, now: number): void {
    this.#optimiser?.handleMeasured(destination, rttMs, now);
  }

  handleLinkUp(destination: NodeId, now: number): void {
    this.#optimiser?.handleLinkUp(destination, now);
  }

  handleLinkGone(destination: NodeId, now: number): void {
    this.#optimiser?.handleLinkGone(destination, now);
  }

  links(): OwnLink[] {
    return this.#optimiser?.links() ?? [];
  }

  pins(): OwnPin[] {
    return this.#owners.flatMap((owner) => owner?.pins() ?? []);
  }

  handleTimeout(now: number): void {
    for (const owner of this.#owners) if (owner && owner.nextTimeout() <= now) owner.handleTimeout(now);
  }

  nextTimeout(): number {
    return Math.min(this.#optimiser?.nextTimeout() ?? Infinity, this.#detours.nextTimeout());
  }

  #hostOf(owner: number): Omit<PathHost, 'isTaken'> {
    const numberOf = (number: number) => number * OWNERS + owner;
    return {
      follow: (number, ...what) => this.#host.follow(numberOf(number), ...what),
      ask: (number, ...what) => this.#host.ask(numberOf(number), ...what),
      pin: (number, ...what) => this.#pins.pin(numberOf(number), ...what),
      unpin: (number) => this.#pins.unpin(numberOf(number)),
    };
  }
}
