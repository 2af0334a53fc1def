/** Why a route is what it is: every neighbour that could be the next hop, what it says, and what the rules make of it. */
import { idByte, type Layer, type NodeId, sharedBytes } from '../../kit/node-id.js';
import { INFINITE } from '../../wire/routing-entry.js';
import { isNone } from './label.js';
import { type RouteCost, routeCost } from './link-quality.js';
import type { Neighbour } from './neighbour.js';
import type { Label, SafetyRules } from './router.types.js';
import { isFeasible, metricBy } from './selection.js';
import { type Advert, type Slot, slotKey } from './slot-state.js';
import type { RoutingState } from './state.js';

/**
 * - `direct`: it is the destination, and its link is at least as good as the next hop: packets go straight (R22).
 * - `primary`, `backup`: the next hop, and the one that takes its place at once.
 * - `fallback`: it is in the destination's zone, so packets go there while there is no next hop (R22).
 * - `spare`: it may be a next hop, and is not needed.
 * - `label`: its label is not smaller than this node's own, so it might lead back here (R5).
 * - `suspect`: the route was lost twice in short time, so only fresher labels are believed for a moment (R10).
 * - `far`: its metric with the link's cost is more than can be told.
 * - `retracted`: it said that it has no way any more.
 * - `silent`: it says nothing of the destination: it knows no way, or its own goes by this node (R3).
 */
export type CandidateVerdict =
  | 'direct'
  | 'primary'
  | 'backup'
  | 'fallback'
  | 'spare'
  | 'label'
  | 'suspect'
  | 'far'
  | 'retracted'
  | 'silent';

export interface CandidateStatus extends RouteCost {
  readonly peer: NodeId;
  /** What it advertises. */
  readonly label: Label | undefined;
  /** By it; 0 if it has no way. */
  readonly hops: number;
  readonly verdict: CandidateVerdict;
}

export interface RouteExplanation {
  readonly layer: Layer;
  readonly byte: number;
  readonly trafficClass: number;
  /** This node's own; undefined: there never was a route. */
  readonly label: Label | undefined;
  /** How long nothing but fresher labels is believed, ms. */
  readonly suspectMs: number;
  /** Requests for a smaller label, or for a fresher one, are under way (R13). */
  readonly isAsking: boolean;
  /** The last time that the sequence number of the label jumped ahead, to beyond the present: an error or malice. */
  readonly lastJump:
    | { readonly peer: NodeId; readonly from: number; readonly to: number; readonly agoMs: number }
    | undefined;
  /** The best first: what is used, what may be used, what may not. */
  readonly candidates: readonly CandidateStatus[];
}

const ORDER: readonly CandidateVerdict[] = [
  'direct',
  'primary',
  'backup',
  'fallback',
  'spare',
  'label',
  'suspect',
  'far',
  'retracted',
  'silent',
];

/** The route of a class to a destination; undefined: that is this node itself. */
export function explainRoute(
  { self, slots, neighbours, rules }: RoutingState,
  destination: NodeId,
  trafficClass: number,
  now: number,
): RouteExplanation | undefined {
  const shared = sharedBytes(self, destination);
  if (shared === 4) return undefined;
  const layer = (shared + 1) as Layer;
  const byte = idByte(destination, layer);
  const slot = slots.get(slotKey(trafficClass, layer, byte));
  const candidates = [...neighbours.values()]
    .filter((neighbour) => layer <= neighbour.deepestLayer)
    .map((neighbour) => {
      const status = candidate(neighbour, slot, now, rules);
      const isDirect = neighbour.peer === destination && (neighbour.directClasses & (1 << trafficClass)) !== 0;
      if (isDirect) return { ...status, verdict: 'direct' as const };
      return slot && isFallback(slot, neighbour) ? { ...status, verdict: 'fallback' as const } : status;
    });
  if (slot?.leaf) candidates.push(advertised(slot, slot.leaf, now, rules));
  candidates.sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || a.peer - b.peer);
  return {
    layer,
    byte,
    trafficClass,
    label: slot && !isNone(slot) ? { seqno: slot.seqno, distance: slot.distance } : undefined,
    suspectMs: slot ? Math.max(0, slot.suspectUntil - now) : 0,
    isAsking: slot?.search !== undefined,
    lastJump: slot?.jump && { peer: slot.jump.peer, from: slot.jump.from, to: slot.jump.to, agoMs: now - slot.jump.at },
    candidates,
  };
}

function isFallback({ primary, link, backupLink }: Slot, neighbour: Neighbour): boolean {
  return primary === undefined && (link === neighbour.link || backupLink === neighbour.link);
}

function candidate(neighbour: Neighbour, slot: Slot | undefined, now: number, rules: SafetyRules): CandidateStatus {
  const advert = slot?.adverts.find((one) => one.neighbour === neighbour);
  if (slot && advert) return advertised(slot, advert, now, rules);
  return { ...NOTHING, peer: neighbour.peer, verdict: 'silent' };
}

const NOTHING = {
  label: undefined,
  hops: 0,
  rtt: undefined,
  cost: undefined,
  loss: undefined,
  bandwidth: undefined,
} as const;

function advertised(slot: Slot, advert: Advert, now: number, rules: SafetyRules): CandidateStatus {
  const { peer } = advert.neighbour;
  if (advert.metric === INFINITE) return { ...NOTHING, peer, verdict: 'retracted' };
  const metric = metricBy(slot, advert);
  const hops = Math.min(255, advert.hops + 1);
  return {
    ...(metric === INFINITE ? NOTHING : routeCost(slot.trafficClass, metric, hops)),
    peer,
    label: { seqno: advert.seqno, distance: advert.distance },
    hops,
    verdict: verdictOn(slot, advert, metric, now, rules),
  };
}

function verdictOn(slot: Slot, advert: Advert, metric: number, now: number, rules: SafetyRules): CandidateVerdict {
  if (advert === slot.primary) return 'primary';
  if (advert === slot.backup) return 'backup';
  if (isFeasible(slot, advert, now, rules)) return 'spare';
  if (metric === INFINITE) return 'far';
  return now < slot.suspectUntil && advert.seqno <= slot.suspectSeqno ? 'suspect' : 'label';
}
