/**
 * Sends a neighbour what it should know (R16): urgent things 2 ms after the first of them, lazy ones after 150-300 ms, frames at
 * least 20 ms apart; lazy ones after up to 5 s while the link has spent more than its budget (lane-budget.ts). Reliability is per entry: when a frame is not acknowledged in time, the *current* state of its entries is sent.
 */
import type { RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import { AdjacencyOut, type Advertised } from './adjacency-out.js';
import { digestOf, nextDigest } from './digest.js';
import { LaneBudget, MOST_WAIT_MS } from './lane-budget.js';
import { type OutgoingRequest, requestKey, type SyncBuilder } from './sync-builder.js';
import { frameBytes } from './sync-bytes.js';

const URGENT_MS = 2;
const LAZY_MIN_MS = 150;
const LAZY_SPREAD_MS = 150;
const FRAME_GAP_MS = 20;
/** The budget is kept well enough by then. */
const LEAST_WAIT_MS = 1;
/** An acknowledgement waits this long for company; well below the least time after which the other end sends again. */
const ACKNOWLEDGE_MS = 45;
const MIN_RESEND_MS = 100;
/** Acknowledgements that wait at most; beyond, the other end sends again. */
const MAX_ACKNOWLEDGEMENTS = 1024;

const NEVER = Number.POSITIVE_INFINITY;

/** What the sender asks its router. */
export interface SenderHost {
  /** What is to be said of a slot now; undefined: nothing, or that it is unreachable. */
  wanted(key: number): Advertised | undefined;
  /** Whether the slot is the zone of both ends: only its sequence number is told. */
  isSharedZone(key: number): boolean;
  /** Whether a request about the slot still makes sense. */
  needsRequest(key: number): boolean;
  /** Smoothed round-trip time, ms. */
  rtt(): number;
  /** Of the link, Mbit/s; 0: not known. */
  bandwidth(): number;
  random(): number;
  /** The sender wants `step` called at this time. */
  wake(due: number): void;
  readonly builder: SyncBuilder;
}

interface Flight {
  readonly sentAt: number;
  readonly keys: readonly number[];
  readonly requests: readonly OutgoingRequest[];
}

export class SyncSender {
  readonly told = new AdjacencyOut();
  readonly #host: SenderHost;
  readonly #urgent = new Set<number>();
  readonly #lazy = new Set<number>();
  readonly #requests = new Map<number, OutgoingRequest>();
  /** In rising order of number and time. */
  readonly #flights = new Map<number, Flight>();
  #acknowledgements: number[] = [];
  #resendLayers = 0;
  #lastNumber = 0;

  #urgentAt = NEVER;
  #lazyAt = NEVER;
  /** What is lazy now leaves by then, whatever the budget says. */
  #lazyBefore = NEVER;
  #acknowledgeAt = NEVER;
  #digestAt: number;
  #notBefore = Number.NEGATIVE_INFINITY;
  readonly #budget = new LaneBudget();

  constructor(host: SenderHost, now: number) {
    this.#host = host;
    this.#digestAt = nextDigest(now, host.random());
  }

  /** What is said of the slot may have changed. */
  refresh(key: number, now: number): void {
    this.refreshAs(key, this.#host.wanted(key), now);
  }

  /** The same, for whoever knows what is said now. */
  refreshAs(key: number, wanted: Advertised | undefined, now: number): void {
    if (this.#urgent.has(key)) return; // what holds when the frame leaves is said in any case
    const lane = this.told.lane(key, wanted);
    if (lane === 'urgent') this.resend(key, now);
    else if (lane === 'lazy') this.#queueLazy(key, now);
  }

  /** Says what holds of the slot at once, whether it was said before or not. */
  resend(key: number, now: number): void {
    this.#lazy.delete(key);
    this.#urgent.add(key);
    this.#hurry(now);
  }

  request(request: OutgoingRequest, now: number): void {
    this.#requests.set(requestKey(request), request);
    this.#hurry(now);
  }

  /** A numbered frame came in. */
  acknowledge(number: number, now: number): void {
    if (this.#acknowledgements.length < MAX_ACKNOWLEDGEMENTS) this.#acknowledgements.push(number);
    if (this.#acknowledgeAt !== NEVER) return;
    this.#acknowledgeAt = now + ACKNOWLEDGE_MS;
    this.#wake();
  }

  /** The other end has these frames. */
  handleAcknowledged(numbers: readonly number[]): void {
    let isNews = false;
    for (const number of numbers) {
      const flight = this.#flights.get(number);
      if (!flight) continue;
      isNews = true;
      this.#flights.delete(number);
      for (const key of flight.keys) this.told.acknowledge(key, number);
    }
    if (isNews) this.#wake(); // what was to be sent again then, is not
  }

  /** R18: asks the neighbour to do so. Bit n - 1 stands for layer n. */
  askForLayers(layers: number, now: number): void {
    this.#resendLayers |= layers;
    this.#hurry(now);
  }

  /** The frame that is due, if one is. */
  step(now: number): RoutingSync | undefined {
    this.#expireFlights(now);
    const isDue = Math.max(this.#nextFrame(), this.#notBefore) <= now;
    const message = isDue ? this.#build(now) : undefined;
    this.#wake();
    return message;
  }

  #build(now: number): RoutingSync | undefined {
    const isDigestDue = this.#digestAt <= now;
    if (isDigestDue) this.#digestAt = nextDigest(now, this.#host.random());
    if (this.#lazyAt <= now) this.#promoteLazy(now);
    const acknowledged = this.#acknowledgements;
    const built = this.#host.builder.build({
      number: this.#lastNumber + 1,
      acknowledged,
      requests: this.#requests,
      keys: this.#urgent,
      host: this.#host,
      resendLayers: this.#resendLayers,
      digest: isDigestDue && this.#isIdle() ? digestOf(this.told, this.#lastNumber) : undefined,
    });
    if (!built) {
      this.#urgentAt = NEVER;
      return undefined;
    }

    this.#acknowledgements = acknowledged.slice(built.acknowledged);
    this.#acknowledgeAt = this.#acknowledgements.length > 0 ? now : NEVER;
    this.#resendLayers = 0;
    if (built.message.number !== 0) this.#fly(built.keys, built.requests, now);
    this.#urgentAt = this.#urgent.size > 0 || this.#requests.size > 0 ? now : NEVER;
    this.#notBefore = now + FRAME_GAP_MS;
    this.#budget.spend(frameBytes(built.message), this.#host.bandwidth(), now);
    return built.message;
  }

  #fly(keys: readonly number[], requests: readonly OutgoingRequest[], now: number): void {
    const number = ++this.#lastNumber;
    for (const key of keys) {
      this.told.record(key, this.#host.wanted(key), number);
      this.#urgent.delete(key);
    }
    for (const request of requests) this.#requests.delete(requestKey(request));
    this.#flights.set(number, { sentAt: now, keys, requests });
  }

  /** What waited for an acknowledgement has waited long enough: it leaves without the delay that lets things gather. */
  #expireFlights(now: number): void {
    const atOnce = now - URGENT_MS;
    for (const [number, flight] of this.#flights) {
      if (flight.sentAt + this.#resendTime() > now) return;
      this.#flights.delete(number);
      for (const key of flight.keys) if (this.told.isOpen(key, number)) this.resend(key, atOnce);
      for (const request of flight.requests)
        if (this.#host.needsRequest(request.key) && !this.#requests.has(requestKey(request)))
          this.request(request, atOnce);
    }
  }

  /** Lazy changes leave, unless the link has spent too much meanwhile and they have not waited for too long. */
  #promoteLazy(now: number): void {
    // What is left of a wait may be too little to change the time at all: it would be waited for again and again.
    const until = Math.min(now + this.#budget.wait(this.#host.bandwidth(), now), this.#lazyBefore);
    if (until > now + LEAST_WAIT_MS) {
      this.#lazyAt = until;
      return;
    }
    // What went back to what the neighbour knows already need not be said.
    for (const key of this.#lazy) if (this.told.lane(key, this.#host.wanted(key))) this.#urgent.add(key);
    this.#lazy.clear();
    this.#lazyAt = NEVER;
  }

  #queueLazy(key: number, now: number): void {
    if (this.#urgent.has(key)) return;
    this.#lazy.add(key);
    if (this.#lazyAt !== NEVER) return;
    this.#lazyAt = now + LAZY_MIN_MS + LAZY_SPREAD_MS * this.#host.random();
    this.#lazyBefore = this.#lazyAt + MOST_WAIT_MS;
    this.#wake();
  }

  #hurry(now: number): void {
    if (this.#urgentAt <= now + URGENT_MS) return;
    this.#urgentAt = now + URGENT_MS;
    this.#wake();
  }

  #isIdle(): boolean {
    return this.#urgent.size === 0 && this.#lazy.size === 0 && this.#flights.size === 0;
  }

  #resendTime(): number {
    return Math.max(MIN_RESEND_MS, 3 * this.#host.rtt());
  }

  #nextFrame(): number {
    return Math.min(this.#urgentAt, this.#lazyAt, this.#acknowledgeAt, this.#digestAt);
  }

  #wake(): void {
    let due = Math.max(this.#nextFrame(), this.#notBefore);
    for (const flight of this.#flights.values()) {
      due = Math.min(due, flight.sentAt + this.#resendTime());
      break; // the first is the oldest
    }
    this.#host.wake(due);
  }
}
