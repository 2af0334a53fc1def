/** Selection of next hops (R5 to R8): pure functions on one slot. */
import { INFINITE, MAX_SEQNO } from '../../wire/routing-entry.js';
import { isEqual, isNone, isSmaller, NONE } from './label.js';
import { extend, isWorthSwitch } from './metric.js';
import type { Label, SafetyRules } from './router.types.js';
import type { Advert, Slot } from './slot-state.js';

/** What the route by this advert costs, the link included. */
export function metricBy({ trafficClass }: Slot, advert: Advert): number {
  return extend(trafficClass, advert.metric, advert.neighbour.costs[trafficClass] as number);
}

/** The distance of the label that the own one becomes by this advert. */
export function distanceBy({ trafficClass }: Slot, advert: Advert): number {
  return extend(trafficClass, advert.distance, advert.neighbour.costs[trafficClass] as number);
}

/** R5: may this neighbour be a next hop? Its session is live, or its adverts would be gone (R12). */
export function isFeasible(slot: Slot, advert: Advert, now: number, rules: SafetyRules): boolean {
  // First the label, which most adverts fail, and which needs nothing of the neighbour.
  const isBelow = isSmaller(advert, slot) || (!rules.strictlySmaller && isEqual(advert, slot));
  if (!isBelow && rules.feasibility) return false;
  if (now < slot.suspectUntil && advert.seqno <= slot.suspectSeqno) return false;
  return metricBy(slot, advert) < INFINITE && distanceBy(slot, advert) < INFINITE;
}

/**
 * Chooses primary and backup and lowers the label: R6, then R7, then R8, or R11. When the primary's session is dead this is R9 too:
 * the backup was the best feasible neighbour besides it, so it is the best one now.
 */
export function select(slot: Slot, now: number, rules: SafetyRules): void {
  const best = slot.leaf ? freshLeaf(slot, slot.leaf, now) : leastFeasible(slot, undefined, now, rules);
  const current = slot.primary && isFeasible(slot, slot.primary, now, rules) ? slot.primary : undefined;
  if (!best) return becomeUnreachable(slot, rules);

  const isBetter =
    current && (best === slot.leaf || isWorthSwitch(slot.trafficClass, metricBy(slot, best), metricBy(slot, current)));
  const isVoluntary = current !== undefined && current !== best && isBetter === true; // R6
  const primary = current && !isVoluntary ? current : best;
  slot.primary = primary;
  slot.metric = metricBy(slot, primary);
  slot.hops = Math.min(255, primary.hops + 1);
  updateLabel(slot, primary, { isVoluntary, isKept: primary === current }, now, rules);
  slot.backup = chooseBackup(slot, primary, now, rules);
}

/**
 * A leaf of this node is reached by its own link, as the direct table says, and not by another relay of it. Its label is for this node to say, who
 * says it so that it is feasible: a terminal's may be anything.
 */
function freshLeaf(slot: Slot, leaf: Advert, now: number): Advert {
  if (!isSmaller(leaf, slot)) leaf.seqno = slot.distance > 0 ? slot.seqno : slot.seqno + 1;
  if (now < slot.suspectUntil) leaf.seqno = Math.max(leaf.seqno, Math.min(MAX_SEQNO, slot.suspectSeqno + 1));
  return leaf;
}

/** How the primary was chosen: in spite of a feasible one before it, or the same as before. */
interface Choice {
  readonly isVoluntary: boolean;
  readonly isKept: boolean;
}

/**
 * R7. The new label is larger than the primary's, for a link costs at least 1, so the primary stays feasible. A label that is higher than the way is
 * long (its first round trip took long) keeps neighbours from having a backup by this node: it is lowered where that costs no backup here.
 */
function updateLabel(slot: Slot, primary: Advert, choice: Choice, now: number, rules: SafetyRules): void {
  const { seqno } = primary;
  const label = { seqno, distance: distanceBy(slot, primary) };
  const isFresher = isNone(slot) || seqno > slot.seqno;
  const isLower =
    isSmaller(label, slot) && (choice.isVoluntary || (choice.isKept && keepsBackup(slot, primary, label, now, rules)));
  if (!isFresher && !isLower && rules.labelNeverRises) return;
  slot.seqno = seqno;
  slot.distance = label.distance;
}

/** Whether the best backup under the slot's label, if there is one, is one under the lower `label` too. */
function keepsBackup(slot: Slot, primary: Advert, label: Label, now: number, rules: SafetyRules): boolean {
  const backup = leastFeasible(slot, primary, now, rules);
  return backup === undefined || isSmaller(backup, label);
}

/** R8: after the label was lowered, for what was feasible above it may not be below. */
function chooseBackup(slot: Slot, primary: Advert, now: number, rules: SafetyRules): Advert | undefined {
  const { backup } = slot;
  if (!rules.recheckOnLowering && backup && backup !== primary && backup.metric < INFINITE) return backup;
  return leastFeasible(slot, primary, now, rules);
}

function becomeUnreachable(slot: Slot, rules: SafetyRules): void {
  slot.primary = undefined;
  slot.backup = undefined;
  slot.metric = INFINITE;
  slot.hops = 0;
  if (rules.labelKeptWhenUnreachable) return;
  slot.seqno = NONE.seqno;
  slot.distance = NONE.distance;
}

function leastFeasible(slot: Slot, except: Advert | undefined, now: number, rules: SafetyRules): Advert | undefined {
  let best: Advert | undefined;
  let least = INFINITE;
  for (const advert of slot.adverts) {
    if (advert === except || !isFeasible(slot, advert, now, rules)) continue;
    const metric = metricBy(slot, advert);
    if (metric >= least) continue;
    best = advert;
    least = metric;
  }
  return best;
}
