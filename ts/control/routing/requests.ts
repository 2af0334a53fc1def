/**
 * Requests: how a *starved* slot (neighbours advertise routes, but none is feasible) gets a smaller label (R13, R14a, R14b).
 *
 * Local repair asks for a label smaller than the own one; whoever has room below its next hop lowers its own label and answers,
 * so that most repairs end a hop or two away. A bump asks an origin for a new sequence number; it goes up along next hops.
 */
import { INFINITE, MAX_SEQNO } from '../../wire/routing-entry.js';
import { isSmaller } from './label.js';
import { sumOf } from './metric.js';
import type { Neighbour } from './neighbour.js';
import { lowerForOthers } from './restoration.js';
import { metricBy } from './selection.js';
import type { Advert, PendingRequest, Search, Slot } from './slot-state.js';
import { isSuspect } from './strikes.js';
import type { OutgoingRequest } from './sync-builder.js';
import { MAX_HOP_BUDGET } from './sync-reader.js';

const ASKED_NEIGHBOURS = 2;
const ROUND_GAP_MS = 100;
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 3000;
/** Tries of local repair before a bump is asked for. */
const REPAIR_TRIES = 3;
/** Below this distance there is no room for a label of an answer's next hop. */
const LEAST_ROOM = 2;
const FORWARD_GAP_MS = 150;
/** Longer than any retry: an asker that still waits has asked again. */
const PENDING_MS = 4000;

/** Keeps the slot's search going while it is starved. `hasHeardAnew`: an advert came in that is not feasible. */
export function updateSearch(slot: Slot, hasHeardAnew: boolean, now: number): void {
  if (slot.primary || !slot.adverts.some(isRoute)) {
    slot.search = undefined;
    return;
  }
  slot.search ??= { tries: 0, lastRound: Number.NEGATIVE_INFINITY, nextRound: now };
  const { search } = slot;
  if (hasHeardAnew) search.nextRound = Math.min(search.nextRound, Math.max(now, search.lastRound + ROUND_GAP_MS));
  if (now >= search.nextRound) askRound(slot, search, now);
}

/** R13: one round, to the best advertisers. */
function askRound(slot: Slot, search: Search, now: number): void {
  const asked = slot.adverts
    .filter(isRoute)
    .sort((a, b) => metricBy(slot, a) - metricBy(slot, b))
    .slice(0, ASKED_NEIGHBOURS);
  search.tries++;
  search.lastRound = now;
  const rtt = Math.max(...asked.map((advert) => advert.neighbour.rtt));
  search.nextRound = now + Math.min(MAX_RETRY_MS, Math.max(FIRST_RETRY_MS, 3 * rtt) * 2 ** (search.tries - 1));
  const bump = search.tries > REPAIR_TRIES || isSuspect(slot, now) || !hasRoomBelow(slot, slot.distance);
  const request: OutgoingRequest = {
    key: slot.key,
    bump,
    optimise: false,
    makeBackup: false,
    seqno: bump ? Math.min(MAX_SEQNO, slot.seqno + 1) : slot.seqno,
    distance: bump ? 0 : slot.distance,
    hopBudget: MAX_HOP_BUDGET,
  };
  for (const { neighbour } of asked) neighbour.sender.request(request, now);
}

/** Stores a neighbour's request, at most one a neighbour and slot; {@link servePending} deals with it. */
export function storePending(
  slot: Slot,
  from: Neighbour,
  asked: {
    readonly bump: boolean;
    readonly optimise: boolean;
    readonly seqno: number;
    readonly distance: number;
    readonly hopBudget: number;
  },
  now: number,
): void {
  const { bump, optimise, seqno, distance, hopBudget } = asked;
  dropPending(slot, from);
  slot.pending ??= [];
  slot.pending.push({
    from,
    bump,
    optimise,
    seqno,
    distance,
    hopBudget,
    expires: now + PENDING_MS,
    forwardedTo: undefined,
  });
}

export function dropPending(slot: Slot, from: Neighbour): void {
  const kept = slot.pending?.filter((pending) => pending.from !== from);
  slot.pending = kept && kept.length > 0 ? kept : undefined;
}

/**
 * Answers what can be answered, and passes the rest on towards the origin. May lower the slot's label; the caller then selects
 * again (R8) and tells. Returns the neighbours that are to be told at once.
 */
export function servePending(slot: Slot, now: number): Neighbour[] {
  const answered: Neighbour[] = [];
  const kept: PendingRequest[] = [];
  for (const pending of slot.pending ?? []) {
    if (now >= pending.expires) continue;
    const { primary } = slot;
    const canHelp = primary !== undefined && primary.neighbour !== pending.from;
    if (canHelp && satisfies(slot, primary, pending)) {
      answered.push(pending.from);
      continue;
    }
    kept.push(pending);
    if (canHelp && primary !== slot.leaf) forward(slot, primary, pending, now);
  }
  slot.pending = kept.length > 0 ? kept : undefined;
  return answered;
}

/** Whether the own label is good enough for the asker, or can be lowered so that it is (R14a). */
function satisfies(slot: Slot, primary: Advert, pending: PendingRequest): boolean {
  if (pending.bump) return slot.seqno >= pending.seqno;
  if (isSmaller(slot, pending)) return true;
  const hasRoom =
    primary.seqno === pending.seqno &&
    primary.distance + 1 < pending.distance &&
    sumOf(slot.trafficClass, pending.distance) > 0;
  if (hasRoom) lowerForOthers(slot, pending.distance - 1); // of the same seqno: R7 keeps that of slot and primary equal
  return hasRoom;
}

function forward(slot: Slot, primary: Advert, pending: PendingRequest, now: number): void {
  const to = primary.neighbour;
  if (pending.forwardedTo === to || pending.hopBudget <= 1) return;
  pending.forwardedTo = to;
  const request = nextRequest(slot, pending);
  if (isCovered(slot, to, request, now)) return;
  const { bump, optimise, seqno, distance } = request;
  slot.forwarded = { to, bump, optimise, seqno, distance, at: now };
  to.sender.request(request, now);
}

/** The next hop must get below a label that is itself below the asker's. Without room for that, a bump. */
function nextRequest(slot: Slot, pending: PendingRequest): OutgoingRequest {
  const base = { key: slot.key, hopBudget: pending.hopBudget - 1, optimise: pending.optimise, makeBackup: false };
  if (pending.bump) return { ...base, bump: true, seqno: pending.seqno, distance: 0 };
  const distance = pending.distance - 1;
  if (hasRoomBelow(slot, pending.distance, 1)) return { ...base, bump: false, seqno: pending.seqno, distance };
  return { ...base, bump: true, seqno: Math.min(MAX_SEQNO, pending.seqno + 1), distance: 0 };
}

/** One that asks for as much was passed on a moment ago. */
function isCovered(slot: Slot, to: Neighbour, request: OutgoingRequest, now: number): boolean {
  const last = slot.forwarded;
  if (!last || last.to !== to || last.bump !== request.bump || now - last.at >= FORWARD_GAP_MS) return false;
  if (last.optimise && !request.optimise) return false; // which an origin may have refused
  return !isSmaller(request, last);
}

/** A label's distance is lowered in its sum only: a wider bottleneck is not for sale. */
function hasRoomBelow({ trafficClass }: Slot, distance: number, steps = 0): boolean {
  return sumOf(trafficClass, distance) - steps > LEAST_ROOM;
}

function isRoute(advert: Advert): boolean {
  return advert.metric < INFINITE;
}
