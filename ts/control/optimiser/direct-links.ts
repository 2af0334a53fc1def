/**
 * Links for flows that no way over the links that there are serves well (docs/routing.md, O7).
 *
 * ```
 *   reviewed ──> measuring ──clearly better──> asked for ──> up ──flow over, or no better any more──> released
 *                    └──────── no better, or nobody answers; no room; it does not come up ────────> 60 s without
 * ```
 * Clearly better is what makes the way in use worse than direct by more than 5 % and 1 ms. It stays until it is no better at all: making it again costs more than keeping it.
 */
import type { NodeId } from '../../kit/node-id.js';
import type { OptimiserHost, OwnLink } from './optimiser.types.js';
import type { TendedFlow } from './tended-flow.js';

/** So many at a time, those that are measured included. */
const MOST = 8;
const CLEARLY_SHARE = 0.05;
const CLEARLY_MS = 1;
/** After one that was no use, ms. */
const PAUSE_MS = 60_000;

export class DirectLinks {
  readonly #host: OptimiserHost;
  readonly #flows = new Set<TendedFlow>();

  constructor(host: OptimiserHost) {
    this.#host = host;
  }

  /** The best way that there is has been found: would a link be better, or is it still? */
  consider(flow: TendedFlow, now: number): void {
    if (flow.link) {
      if (flow.link.state === 'up' && !this.#isOfUse(flow)) this.#giveUp(flow, now);
      return;
    }
    const { destination, addresses, wayMs } = flow;
    if (now < flow.noLinkBefore || this.#flows.size >= MOST || addresses.length === 0) return;
    if (wayMs <= CLEARLY_MS || this.#host.direct(destination) || !this.#host.measure(destination, addresses, now))
      return;
    flow.link = { state: 'measuring', insteadMs: wayMs };
    this.#flows.add(flow);
  }

  /** `rttMs`: undefined where nobody has answered. */
  measured(flow: TendedFlow, rttMs: number | undefined, now: number): void {
    const { link, destination, addresses, wayMs } = flow;
    if (link?.state !== 'measuring') return;
    const isBetter = rttMs !== undefined && wayMs > (1 + CLEARLY_SHARE) * rttMs && wayMs > rttMs + CLEARLY_MS;
    if (isBetter && this.#host.connect(destination, addresses, now)) flow.link = { state: 'asked', insteadMs: wayMs };
    else this.#forget(flow, now);
  }

  /** There is a link now. False: nobody here has asked for it. */
  up(flow: TendedFlow): boolean {
    if (flow.link?.state !== 'asked' && flow.link?.state !== 'up') return false;
    flow.link.state = 'up';
    return true;
  }

  /** There is none, and none comes. False: nobody here has asked for it. */
  gone(flow: TendedFlow, now: number): boolean {
    if (flow.link?.state !== 'asked' && flow.link?.state !== 'up') return false;
    this.#forget(flow, now);
    return true;
  }

  /** The flow is over. */
  release(flow: TendedFlow, now: number): void {
    if (flow.link) this.#giveUp(flow, now);
  }

  links(): OwnLink[] {
    return [...this.#flows].flatMap(({ destination, trafficClass, link }) => {
      const direct = link?.state === 'up' ? this.#host.direct(destination) : undefined;
      return link && direct ? [{ destination, trafficClass, rttMs: direct.rttMs, insteadMs: link.insteadMs }] : [];
    });
  }

  #isOfUse({ destination, link, current, tablesRttMs = Infinity, isDirect }: TendedFlow): boolean {
    const rttMs = this.#host.direct(destination)?.rttMs;
    if (rttMs === undefined) return true; // it is being dialed again: those who make links say when they give up
    const others = [
      link?.insteadMs ?? Infinity,
      isDirect ? Infinity : tablesRttMs,
      current && !isStraight(current.path) ? current.rttMs : Infinity,
    ];
    return rttMs < Math.min(...others);
  }

  #giveUp(flow: TendedFlow, now: number): void {
    const isMade = flow.link?.state !== 'measuring';
    this.#forget(flow, now);
    if (isMade) this.#host.disconnect(flow.destination, now);
  }

  #forget(flow: TendedFlow, now: number): void {
    flow.link = undefined;
    flow.noLinkBefore = now + PAUSE_MS;
    this.#flows.delete(flow);
  }
}

/** Whether the path has no relay. */
export const isStraight = (path: readonly NodeId[]): boolean => path.length === 2;
