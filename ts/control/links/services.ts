import type { NodeId } from '../../kit/node-id.js';
import type { HandshakeFrames } from '../../wire/handshake-frame.js';
import type { Entropy, LinkObserver, LinkTermsOf, NodeRole, TransportAddress } from '../io.js';
import type { Outbox } from '../outbox.js';
import type { Timer, TimerQueue } from '../timer-queue.js';
import type { LatenessBook } from './lateness.js';
import type { LinkPool } from './link-pool.js';
import type { TrainBudget } from './train-budget.js';

/** A socket to dial from. */
export interface LocalSocket {
  readonly family: 4 | 6;
  /** From which only this member of bundles is dialed; absent: a listening address. */
  readonly member?: number;
}

/** What all parts of link control share. */
export interface LinkServices {
  readonly self: NodeId;
  readonly role: NodeRole;
  readonly bootEpoch: number;
  readonly networkKey: Uint8Array;
  readonly tags: boolean;
  /** Largest frame of a new link, bytes; and whether more is probed for. */
  readonly mtu: number;
  readonly probeMtu: boolean;
  /** Whether packet trains are sent where the bandwidth is not configured. */
  readonly measureBandwidth: boolean;
  readonly trains: TrainBudget;
  readonly lateness: LatenessBook;
  readonly sockets: readonly LocalSocket[];
  /** Sessions that are opened with a peer that is dialed, 1..8. */
  readonly linksPerPeer: number;
  readonly outbox: Outbox;
  readonly deadlines: TimerQueue<Timer>;
  readonly pool: LinkPool;
  /** Links of leaves have indexes of their own, so that they never crowd out those that routing needs. */
  readonly leafPool: LinkPool;
  readonly observer: LinkObserver;
  readonly linkTerms: LinkTermsOf;
  readonly frames: HandshakeFrames;
  readonly entropy: Entropy;
  readonly random: () => number;
  /** When this node's hellos leave within a tick, ms: nodes of one machine have one clock, and would all wake at once. */
  readonly phase: number;
  readonly wake: WakeClock;
}

/**
 * Since when this node has been awake: silence during a stall of its own is not a peer's silence. A stall is noticed when a deadline
 * is met more than {@link STALL_MS} late.
 */
export class WakeClock {
  since = -Infinity;

  notice(deadline: number, now: number): void {
    if (now - deadline > STALL_MS) this.since = now;
  }
}

export const STALL_MS = 100;

/** An address as people write it. */
export function formatAddress({ scheme, host, port }: Omit<TransportAddress, 'family'>): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function sameAddress(a: TransportAddress, b: TransportAddress): boolean {
  return a.scheme === b.scheme && a.port === b.port && a.host === b.host && a.family === b.family;
}
