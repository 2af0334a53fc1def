import type { NodeId } from '../../kit/node-id.js';
import type { NodeAddress } from '../../wire/neighbours.js';
import type { PathMeasure } from '../../wire/route-query.js';
import type { QueryResult } from '../query/queries.js';
import type { Timed } from '../timer-queue.js';

export type FoundPath = Extract<QueryResult, { kind: 'found' }>;

/** A path that is pinned, or asked for. */
export interface FlowPin {
  readonly number: number;
  readonly path: readonly NodeId[];
  /** As it was found. */
  readonly measure: PathMeasure;
  /** Round trip when it was granted, and when that was; and round trip at the last renewal. All in ms. */
  grantedRttMs: number;
  grantedAt: number;
  rttMs: number;
}

/** A link that was made for a flow, or may be. */
export interface DirectLink {
  state: 'measuring' | 'asked' | 'up';
  /** Round trip of the best way without it when it was asked for, ms. */
  readonly insteadMs: number;
}

/** A flow that the optimiser looks after. */
export class TendedFlow implements Timed {
  due = Infinity;
  place = -1;
  /** When its last packet was seen, ms. */
  lastAt: number;
  /** What to do next, and when. */
  actAt = Infinity;
  act: (now: number) => void = () => {};
  /** Whether nothing is out and it only waits for its next review. */
  isResting = false;
  reviewedAt = -Infinity;
  /** Whether links have changed since. */
  isStale = false;
  /** The question that is out; 0: none. */
  question = 0;
  /** Whether that has brought a path. */
  isAnswered = false;
  /** Questions of this review. */
  rounds = 0;
  /** By the tables, at the last review, ms; undefined: they had no way. */
  tablesRttMs: number | undefined;
  /** Whether that was a link with the destination itself. */
  isDirect = false;
  /** Where the destination can be dialed, as far as answers have told. */
  addresses: readonly NodeAddress[] = [];
  link: DirectLink | undefined;
  /** No link is thought of before, ms. */
  noLinkBefore = -Infinity;
  /** What a path must stay below to be of use, ms. */
  boundMs = 0;
  best: FoundPath | undefined;
  /** In use. */
  current: FlowPin | undefined;
  /** Asked for, to take its place. */
  coming: FlowPin | undefined;
  /** How long it rests after its path broke the next time, ms. */
  pauseMs = 0;

  constructor(
    readonly destination: NodeId,
    readonly trafficClass: number,
    now: number,
  ) {
    this.lastAt = now;
  }

  /** Round trip of the way in use, as far as is known, ms. */
  get wayMs(): number {
    return this.current?.rttMs ?? this.tablesRttMs ?? 0;
  }
}
