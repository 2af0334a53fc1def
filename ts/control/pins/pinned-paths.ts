/**
 * Pinned paths (docs/routing.md, P1 to P6): a path that a query has found is asked for node by node, and then followed by labels. Each node on it
 * keeps soft state for as long as the source renews it.
 *
 * ```
 *   source                relay                 relay                destination
 *     │ ── PinRequest ────> │ ── PinRequest ────> │ ── PinRequest ────> │
 *     │                     │                     │ <── PinGrant 0 ──── │    nothing to look up there
 *     │                     │ <── PinGrant b ──── │    b: that link and 0
 *     │ <── PinGrant a ──── │    a: that link and b
 *     │    own traffic to the destination: that link and a
 *     │ <── PinEnd ──────── │    a link went down, or there is no room: packets go on by the table meanwhile
 * ```
 * A label is installed before it is granted, so no packet comes with one that is not known yet; and it is given up only after the source was told, or its
 * lease has run out. A packet whose label is not known (any more) goes on by the table, without a label.
 */
import type { NodeId } from '../../kit/node-id.js';
import { LINK_INDEX_BITS } from '../../wire/link-header.js';
import type { PinEnd, PinGrant, PinMessage, PinRequest } from '../../wire/pins.js';
import { LinkPool } from '../links/link-pool.js';
import { type Timer, TimerQueue } from '../timer-queue.js';

/** How long a pin lives without being renewed, and how long one that is not granted yet, ms. */
export const LEASE_MS = 30_000;
const PENDING_MS = 5_000;
/** How often the source renews it, ms: two messages may be lost. */
const RENEW_MS = LEASE_MS / 3;
const LABEL_INDEX_MASK = (1 << LINK_INDEX_BITS) - 1;

/** What the packet path is to do about a pin. */
export type PinOutput =
  | {
      readonly kind: 'pinInstall';
      readonly label: number;
      /** 0: its packets start here. */
      readonly inLink: number;
      readonly outLink: number;
      readonly outLabel: number;
      readonly destination: NodeId;
      readonly trafficClass: number;
    }
  /** The shell calls `handlePinFree` when no worker can use the label any more. */
  | { readonly kind: 'pinRemove'; readonly label: number };

/** What becomes of a path that this node has asked for. */
export type PinNews = 'granted' | 'ended';

export interface PinsHost {
  readonly self: NodeId;
  /** The live link to a neighbour (its main one); 0: there is none. */
  linkTo(peer: NodeId): number;
  peerAt(link: number): NodeId | undefined;
  /** Smoothed round trip of a live link, ms. */
  rttOf(link: number): number;
  send(link: number, message: PinMessage): void;
  output(output: PinOutput): void;
  /** Of a path that starts here. `rttMs`: its round trip, as its links measure it now; with 'granted', which every renewal brings again. */
  news(id: bigint, news: PinNews, rttMs: number): void;
}

export interface PinsOptions {
  /** Labels that may be given out. */
  readonly capacity: number;
  /** A random number: it tells labels of this life of the node from those of its last. */
  readonly firstGeneration: number;
}

/** A path through this node, or from it. */
class PinState implements Timer {
  due = Infinity;
  place = -1;
  /** What this node's end of it is known by, and what its packets carry from here on; both undefined until it is granted. */
  label: number | undefined;
  outLabel: number | undefined;
  /** When it was last renewed (from the source), or granted (at the source), ms. */
  confirmedAt: number;

  constructor(
    readonly request: PinRequest,
    /** 0: it starts here. */
    readonly inLink: number,
    readonly outLink: number,
    now: number,
    readonly handleTimeout: (now: number) => void,
  ) {
    this.confirmedAt = now;
  }
}

export class PinnedPaths {
  readonly #host: PinsHost;
  readonly #labels: LinkPool;
  readonly #states = new Map<bigint, PinState>();
  readonly #deadlines = new TimerQueue<PinState>();

  constructor(host: PinsHost, { capacity, firstGeneration }: PinsOptions) {
    this.#host = host;
    this.#labels = new LinkPool(1, capacity, firstGeneration);
  }

  /**
   * Asks for a path from this node, under an id that no other pin has; `news` tells what becomes of it. It is renewed until {@link unpin}. False: its first link is
   * not there.
   */
  pin(request: PinRequest, now: number): boolean {
    const outLink = this.#host.linkTo(request.path[1] ?? 0);
    if (outLink === 0) return false;
    const state = new PinState(request, 0, outLink, now, (at) => this.#renew(state, at));
    this.#states.set(request.id, state);
    this.#host.send(outLink, { kind: 'pinRequest', request });
    this.#deadlines.schedule(state, now + PENDING_MS);
    return true;
  }

  /** This node wants the path no more. */
  unpin(id: bigint): void {
    const state = this.#states.get(id);
    if (state?.inLink === 0) this.#end(state, { upstream: false, downstream: true });
  }

  /** A message from a live link to a neighbour that carries transit. False: it breaks the protocol and was dropped. */
  handle(link: number, message: PinMessage, now: number): boolean {
    switch (message.kind) {
      case 'pinRequest':
        return this.#handleRequest(link, message.request, now);
      case 'pinGrant':
        return this.#handleGrant(link, message.grant, now);
      default:
        return this.#handleEnd(link, message.end);
    }
  }

  linkDown(link: number): void {
    for (const state of this.#states.values()) {
      if (state.inLink === link) this.#end(state, { upstream: false, downstream: true });
      else if (state.outLink === link) this.#end(state, { upstream: true, downstream: false });
    }
  }

  /** No worker can use the label any more. */
  handlePinFree(label: number): void {
    this.#labels.giveBack(label & LABEL_INDEX_MASK);
  }

  handleTimeout(now: number): void {
    for (let state = this.#deadlines.pop(now); state; state = this.#deadlines.pop(now)) state.handleTimeout(now);
  }

  nextTimeout(): number {
    return this.#deadlines.next();
  }

  /** Paths that are kept here. */
  get size(): number {
    return this.#states.size;
  }

  #handleRequest(link: number, request: PinRequest, now: number): boolean {
    const { id, path } = request;
    const place = path.indexOf(this.#host.self);
    if (place < 1 || path[place - 1] !== this.#host.peerAt(link)) return false;
    const next = path[place + 1];
    if (next === undefined) {
      this.#host.send(link, { kind: 'pinGrant', grant: { id, label: 0, rttMs: 0 } });
      return true;
    }
    const known = this.#states.get(id);
    const outLink = this.#host.linkTo(next);
    if (known && known.inLink === link && known.outLink === outLink) {
      known.confirmedAt = now;
      this.#deadlines.schedule(known, now + (known.label === undefined ? PENDING_MS : LEASE_MS));
    } else {
      if (known) this.#end(known, { upstream: known.inLink !== link, downstream: known.outLink !== outLink });
      if (outLink === 0 || this.#states.size >= this.#labels.capacity) {
        this.#host.send(link, { kind: 'pinEnd', end: { id } });
        return true;
      }
      const state = new PinState(request, link, outLink, now, () => this.#end(state, BOTH));
      this.#states.set(id, state);
      this.#deadlines.schedule(state, now + PENDING_MS);
    }
    this.#host.send(outLink, { kind: 'pinRequest', request });
    return true;
  }

  #handleGrant(link: number, { id, label: outLabel, rttMs: rest }: PinGrant, now: number): boolean {
    const state = this.#states.get(id);
    if (state?.outLink !== link) return true; // it came too late
    if (state.label === undefined || state.outLabel !== outLabel) {
      const label = this.#labels.take()?.number;
      if (label === undefined) {
        this.#end(state, BOTH);
        return true;
      }
      this.#install(state, label, outLabel);
      // At the source it is renewed well before the lease is over; a relay gives it that long from the last request on.
      this.#deadlines.schedule(state, state.inLink === 0 ? now + RENEW_MS : state.confirmedAt + LEASE_MS);
    }
    const rttMs = this.#host.rttOf(link) + rest;
    if (state.inLink === 0) {
      state.confirmedAt = now;
      this.#host.news(id, 'granted', rttMs);
    } else this.#host.send(state.inLink, { kind: 'pinGrant', grant: { id, label: state.label as number, rttMs } });
    return true;
  }

  /** Make before break: a new label is installed before the former one is taken out. */
  #install(state: PinState, label: number, outLabel: number): void {
    const { inLink, outLink, request } = state;
    const { path, trafficClass } = request;
    const destination = path.at(-1) as NodeId;
    this.#host.output({ kind: 'pinInstall', label, inLink, outLink, outLabel, destination, trafficClass });
    if (state.label !== undefined) this.#host.output({ kind: 'pinRemove', label: state.label });
    state.label = label;
    state.outLabel = outLabel;
  }

  #handleEnd(link: number, { id }: PinEnd): boolean {
    const state = this.#states.get(id);
    if (state?.outLink === link) this.#end(state, { upstream: true, downstream: false });
    else if (state && state.inLink === link) this.#end(state, { upstream: false, downstream: true });
    return true;
  }

  /** The source's timer: asks again, or gives up a path that was not granted for as long as a lease lasts. */
  #renew(state: PinState, now: number): void {
    if (state.label === undefined || now - state.confirmedAt >= LEASE_MS) return this.#end(state, BOTH);
    this.#host.send(state.outLink, { kind: 'pinRequest', request: state.request });
    this.#deadlines.schedule(state, now + RENEW_MS);
  }

  /** Forgets the path, and tells the next nodes of it in these directions. */
  #end(state: PinState, tell: { readonly upstream: boolean; readonly downstream: boolean }): void {
    const { id } = state.request;
    this.#states.delete(id);
    this.#deadlines.clear(state);
    if (state.label !== undefined) this.#host.output({ kind: 'pinRemove', label: state.label });
    if (tell.downstream) this.#host.send(state.outLink, { kind: 'pinEnd', end: { id } });
    if (!tell.upstream) return;
    if (state.inLink === 0) this.#host.news(id, 'ended', 0);
    else this.#host.send(state.inLink, { kind: 'pinEnd', end: { id } });
  }
}

const BOTH = { upstream: true, downstream: true } as const;
