import type { NodeId } from '../../kit/node-id.js';
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
  /** The question that is out; 0: none. */
  question = 0;
  /** Whether that has brought a path. */
  isAnswered = false;
  /** Questions of this review. */
  rounds = 0;
  /** By the tables, at the last review, ms; undefined: they had no way. */
  tablesRttMs: number | undefined;
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
}
