/** What the path optimiser needs of the node that it works for, and tells of what it has done. */
import type { NodeId } from '../../kit/node-id.js';
import type { NodeAddress } from '../../wire/neighbours.js';
import type { PathMeasure, SearchLimits } from '../../wire/route-query.js';
import type { QueryResult } from '../query/queries.js';

/** Own traffic to a destination since the last time. */
export interface FlowSample {
  readonly destination: NodeId;
  /** 0 to 3. */
  readonly trafficClass: number;
  readonly packets: number;
}

/**
 * The node. Results and news come to {@link Optimiser.handleResult} and {@link Optimiser.handlePin} under the number that was given, which no other question or
 * pin of the optimiser has; they may come before the call returns.
 */
export interface PathHost {
  /** Measures the way that the tables of a class have for packets to there, now. One result. */
  follow(number: number, destination: NodeId, trafficClass: number, now: number): void;
  /** Looks for a path, and takes nobody's memory for an answer. Paths, each better than the last, or one refusal. */
  ask(number: number, destination: NodeId, limits: SearchLimits, now: number): void;
  /** Pins own packets of the class to this path. One that the destination has already is replaced when this one is granted. False: its first link is not there. */
  pin(number: number, path: readonly NodeId[], trafficClass: number, now: number): boolean;
  unpin(number: number): void;
  /** Whether somebody who has precedence pins the route to there. */
  isTaken(destination: NodeId): boolean;
}

/** The node, for whoever wants links besides. What becomes of them comes to {@link Optimiser}'s `handleMeasured`, `handleLinkUp` and `handleLinkGone`. */
export interface OptimiserHost extends PathHost {
  /** The live link with a node itself, as measured now. */
  direct(destination: NodeId): PathMeasure | undefined;
  /** Measures how far a node is without relays. False: nothing will come of it. */
  measure(destination: NodeId, addresses: readonly NodeAddress[], now: number): boolean;
  /** Makes a link. False: there is no room, or there is one. */
  connect(destination: NodeId, addresses: readonly NodeAddress[], now: number): boolean;
  /** Ends a link that was made. */
  disconnect(destination: NodeId, now: number): void;
}

/** What becomes of a pin: `granted` when it is in use, and again at every renewal, with its round trip of now; `ended` when it is no more. */
export type FlowPinNews = { readonly kind: 'granted'; readonly rttMs: number } | { readonly kind: 'ended' };

/** A path that this node has pinned of its own accord: better than the tables' way, or round a node that has no route. */
export interface OwnPin {
  readonly owner: 'optimiser' | 'detour';
  readonly destination: NodeId;
  readonly trafficClass: number;
  readonly path: readonly NodeId[];
  /** When it was found; its round trip is the one of the last renewal. */
  readonly measure: PathMeasure;
  /** Round trip by the tables when they were last followed, ms; undefined: they had no way. */
  readonly tablesRttMs: number | undefined;
}

/** A link that this node has made for a flow. */
export interface OwnLink {
  readonly destination: NodeId;
  readonly trafficClass: number;
  /** Its round trip, and that of the way that the flow took before, ms. */
  readonly rttMs: number;
  readonly insteadMs: number;
}

export type { QueryResult };
