/**
 * What routing needs of the rest of the control plane, and gives to it. Implemented by `router.ts`.
 */
import type { Layer, NodeId } from '../../kit/node-id.js';
import type { RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import type { DefaultRouteOutput, DirectOutput, RouteOutput, RouteStatus } from '../io.js';
import type { LinkQuality } from './link-quality.js';
import type { SeqnoJump } from './seqno-watch.js';
import type { RouteExplanation } from './why.js';

export interface RouterOptions {
  readonly self: NodeId;
  /** Unix seconds at boot: the first sequence number of a node that is alone (R19). */
  readonly bootSeconds: number;
  /** A uniform number in [0, 1), for jitter of timers. */
  readonly random: () => number;
  /** How many of the four classes this node is an origin in, from the first: for simulations of networks that route fewer. Default: all. */
  readonly classes?: number;
  /** Safety rules to switch off, for the simulator's proof that its checker can fail. Never in production. */
  readonly rules?: Partial<SafetyRules>;
  /** For checkers: called at every change of an own label, before `poll` gives out anything that depends on it. Not in production. */
  readonly onLabel?: (layer: number, byte: number, trafficClass: number, label: Label | undefined) => void;
}

/** One switch a safety rule of the protocol; all on in production. See docs/routing.md. */
export interface SafetyRules {
  /** R5: a feasible next hop's label is strictly smaller than one's own (off: equal labels pass). */
  readonly strictlySmaller: boolean;
  /** R5: only a neighbour with a smaller label is feasible (off: any neighbour with a route is). */
  readonly feasibility: boolean;
  /** R7: one's own label never rises (off: it follows the metric). */
  readonly labelNeverRises: boolean;
  /** R7, R11: the label is kept while unreachable (off: it is forgotten). */
  readonly labelKeptWhenUnreachable: boolean;
  /** R8: primary and backup are checked again when the label is lowered (off: they stay). */
  readonly recheckOnLowering: boolean;
  /** R1: a link carries no layer deeper than the first in which its ends differ (off: it carries all four). */
  readonly layersStayInZone: boolean;
  /** R12: a session belongs to one incarnation of both ends (off: a restarted node is taken for its old self). */
  readonly sessionsAreFresh: boolean;
  /** R14: an origin raises its sequence number for those who ask (off: nothing loops, but what has lost its way may never find another). */
  readonly seqnosRise: boolean;
}

export type RouterOutput =
  /** For the other end of the link: goes into a control frame as it is (`Control.body = routingSync`), so that it is encoded once. */
  | { readonly kind: 'sync'; readonly link: number; readonly message: RoutingSync }
  | RouteOutput
  | DefaultRouteOutput
  | DirectOutput
  /** A sequence number jumped ahead; `isTold`: people should hear of it. */
  | { readonly kind: 'seqnoJump'; readonly jump: SeqnoJump; readonly isTold: boolean }
  /** The numbers of the own zone at a layer come to their end: so many are left. */
  | { readonly kind: 'seqnoEnd'; readonly layer: Layer; readonly left: number };

/** A label: the order along which every next hop descends. */
export interface Label {
  readonly seqno: number;
  readonly distance: number;
}

/** A neighbour, and what it says of the way from it to a destination. */
export interface NeighbourWay {
  readonly link: number;
  readonly peer: NodeId;
  readonly quality: LinkQuality;
  /** Round trip (ms) and cost from the neighbour on; exact only within the destination's group. Undefined: it says that it knows no way. */
  readonly rest: { readonly rttMs: number; readonly cost: number } | undefined;
}

/** The routing protocol of one node: a pure state machine. */
export interface Router {
  /** A new session is established. A session never comes back under the same link index without `linkDown` between. */
  linkUp(link: number, peer: NodeId, quality: LinkQuality, now: number): void;
  /** The same for a leaf of the own group, of which this node tells the group. {@link linkDown} and {@link linkQuality} are for both. */
  leafUp(link: number, leaf: NodeId, quality: LinkQuality, now: number): void;
  linkDown(link: number, now: number): void;
  /** A new measurement of the link; the router damps it itself. */
  linkQuality(link: number, quality: LinkQuality, now: number): void;
  /** A routing message from the link. Returns false when it breaks the protocol and was dropped whole (the caller counts it). */
  handleSync(link: number, message: RoutingSync, now: number): boolean;
  handleTimeout(now: number): void;
  /** When `handleTimeout` wants to be called; Infinity: never. */
  nextTimeout(): number;
  poll(): RouterOutput | undefined;

  /** All routes, for people. */
  routes(): RouteStatus[];
  /** All neighbours that carry transit, with what they say of the way on to a destination. For route queries. */
  ways(destination: NodeId): NeighbourWay[];
  /** Why the route of a class to a destination is what it is; undefined: it is this node's own id. */
  explain(destination: NodeId, trafficClass: number, now: number): RouteExplanation | undefined;
  /** For checkers: the own label of a slot, and what the forwarding table holds of it. */
  entry(
    layer: number,
    byte: number,
    trafficClass: number,
  ): { label: Label | undefined; primary: number; backup: number };
}
