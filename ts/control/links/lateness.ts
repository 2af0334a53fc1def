import type { NodeId } from '../../kit/node-id.js';
import { DETECT_MULTIPLIER, FAST_INTERVAL } from './liveness.js';

/** What was seen counts for so long, and up to twice that, ms. */
const MEMORY_MS = 10_000;
/** Silence is borne for so many times the largest gap, in steps of so many ms, ... */
const MARGIN = 1.5;
const STEP_MS = 25;
/** ... and at most for so long. */
const MOST_MS = 300;
/** A gap of that many intervals is nothing to remember: a hello of silence is left. */
const USUAL = 2;
/** A peer that is back so soon as the process that it was, ms, had not died. */
const RETURN_MS = 5_000;
const MOST_PEERS = 4_096;

/**
 * How late the hellos of a peer come though it lives: on a machine with too few processors for its processes (or a radio that sleeps) a fixed time would take live peers for dead, and every
 * link that goes down and comes back makes more work for all. So silence is borne for one and a half times the largest gap between two hellos in a row lately; and who was given up
 * in vain is given one and a half times the time that it had. (The idea of accrual failure detectors, Hayashibara et al. 2004: what counts as silence follows from what was heard.)
 */
export class Lateness {
  #since = -Infinity;
  #largest = 0;
  #before = 0;
  #givenUp: { readonly bootEpoch: number; readonly at: number; readonly bore: number } | undefined;

  /** Two hellos in a row came so many ms after each other. */
  note(gap: number, now: number): void {
    if (gap <= USUAL * FAST_INTERVAL) return;
    this.#age(now);
    this.#largest = Math.max(this.#largest, gap);
  }

  /** A link that carries data is not taken for dead before so many ms; 0: its hellos come in time. */
  patience(now: number): number {
    this.#age(now);
    const gap = Math.max(this.#largest, this.#before);
    return Math.min(MOST_MS, STEP_MS * Math.ceil((MARGIN * gap) / STEP_MS));
  }

  /** A session of that process has fallen silent. */
  gaveUp(bootEpoch: number, now: number): void {
    this.#givenUp = { bootEpoch, at: now, bore: Math.max(DETECT_MULTIPLIER * FAST_INTERVAL, this.patience(now)) };
  }

  /** A session begins. */
  opened(bootEpoch: number, now: number): void {
    const { bootEpoch: former, at, bore } = this.#givenUp ?? { bootEpoch: Number.NaN, at: 0, bore: 0 };
    this.#givenUp = undefined;
    if (former === bootEpoch && now - at <= RETURN_MS) this.note(bore, now);
  }

  #age(now: number): void {
    if (now - this.#since < MEMORY_MS) return;
    this.#before = now - this.#since < 2 * MEMORY_MS ? this.#largest : 0;
    this.#largest = 0;
    this.#since = now;
  }
}

/** Of all peers: sessions end, what is known of the peer stays. */
export class LatenessBook {
  readonly #peers = new Map<NodeId, Lateness>();

  of(peer: NodeId): Lateness {
    const known = this.#peers.get(peer);
    if (known) return known;
    const [oldest] = this.#peers.keys();
    if (oldest !== undefined && this.#peers.size >= MOST_PEERS) this.#peers.delete(oldest);
    const lateness = new Lateness();
    this.#peers.set(peer, lateness);
    return lateness;
  }
}

/** The gaps between the hellos of one session, while its peer sends them at the fast interval; one that is missing in between is loss, not lateness. */
export class HelloGaps {
  readonly #lateness: Lateness;
  #sequence = 0;
  #at = Infinity;

  constructor(lateness: Lateness) {
    this.#lateness = lateness;
  }

  /** An unasked hello that came `at` that time. Returns how long silence is borne. */
  hear({ sequence, interval }: { readonly sequence: number; readonly interval: number }, at: number): number {
    if (sequence === this.#sequence + 1) this.#lateness.note(at - this.#at, at);
    this.#sequence = sequence;
    this.#at = interval === FAST_INTERVAL ? at : Infinity; // the next one may come later
    return this.#lateness.patience(at);
  }
}
