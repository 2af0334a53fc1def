/**
 * Backup making (R14c). A slot without a backup loses packets when its next hop dies, though a neighbour may have another way: one whose label is too high
 * to be used. That neighbour is asked to lower it, and does so where its own next hop leaves room and it keeps a backup itself. So every step adds a
 * backup and takes none away: for all others, a lower label of a neighbour can only help.
 *
 * ```
 *   before:  v (9) ──> p (4)      x (9) ──> q (3), backup (5)        x is not below v
 *   after:   v (9) ──> p (4)      x (8) ──> q (3), backup (5)
 *              └─ backup ─────────> x
 * ```
 */
import { INFINITE } from '../../wire/routing-entry.js';
import { isSmaller } from './label.js';
import { sumOf } from './metric.js';
import { lowerForOthers } from './restoration.js';
import type { Label, SafetyRules } from './router.types.js';
import { isFeasible, metricBy } from './selection.js';
import type { Advert, Slot } from './slot-state.js';

/** How long a slot has been without a backup before it asks; what comes by itself has come by then. */
const PATIENCE_MS = 1000;
const SPREAD_MS = 500;
/** It asks again after this, and then after twice as long each time: whoever could not help may be able to later. */
export const FIRST_PAUSE_MS = 10_000;
const MOST_PAUSE_MS = 320_000;
const ASKED_NEIGHBOURS = 4;

/**
 * Asks when it is time to; sets the slot's time for the next look. Who can help is looked at only where no time is set and when one has come: so what
 * neighbours say in between need not be evaluated for it (indifference.ts).
 */
export function updateBackupMaking(slot: Slot, now: number, rules: SafetyRules, random: () => number): void {
  if (!slot.primary || slot.backup || slot.leaf) {
    slot.makeAt = Number.POSITIVE_INFINITY;
    if (slot.backup) slot.makePause = FIRST_PAUSE_MS;
    return;
  }
  if (slot.makeAt === Number.POSITIVE_INFINITY) {
    if (slot.adverts.some((advert) => mayHelp(slot, advert, now, rules)))
      slot.makeAt = Math.max(now + PATIENCE_MS + SPREAD_MS * random(), slot.madeAt + slot.makePause);
  } else if (now >= slot.makeAt) ask(slot, now, rules);
}

function ask(slot: Slot, now: number, rules: SafetyRules): void {
  slot.makeAt = Number.POSITIVE_INFINITY;
  const able = ableToHelp(slot, now, rules);
  if (able.length === 0) return;
  const { key, seqno, distance } = slot;
  const request = { key, bump: false, optimise: false, makeBackup: true, seqno, distance, hopBudget: 1 };
  for (const { neighbour } of able) neighbour.sender.request(request, now);
  slot.madeAt = now;
  slot.makeAt = now + slot.makePause;
  slot.makePause = Math.min(MOST_PAUSE_MS, 2 * slot.makePause);
}

/** Whether this neighbour could become a backup by lowering its label. */
export function mayHelp(slot: Slot, advert: Advert, now: number, rules: SafetyRules): boolean {
  return (
    advert !== slot.primary &&
    advert.metric < INFINITE &&
    advert.seqno === slot.seqno &&
    !isFeasible(slot, advert, now, rules)
  );
}

/** At the neighbour that is asked: whether its label is below the asker's, or was lowered so that it is. */
export function makeRoom(slot: Slot, asker: object, wish: Label, now: number, rules: SafetyRules): boolean {
  const { primary, backup } = slot;
  if (!primary || primary.neighbour === asker) return false;
  if (isSmaller(slot, wish)) return true;
  const lower = { seqno: wish.seqno, distance: wish.distance - 1 };
  const hasRoom = primary.seqno === wish.seqno && slot.seqno === wish.seqno && primary.distance < lower.distance;
  if (!hasRoom || sumOf(slot.trafficClass, wish.distance) === 0 || !backup) return false;
  const staysSafe = slot.adverts.some(
    (advert) => advert !== primary && isFeasible(slot, advert, now, rules) && isSmaller(advert, lower),
  );
  if (staysSafe) lowerForOthers(slot, lower.distance);
  return staysSafe;
}

function ableToHelp(slot: Slot, now: number, rules: SafetyRules): Advert[] {
  return slot.adverts
    .filter((advert) => mayHelp(slot, advert, now, rules))
    .sort((a, b) => metricBy(slot, a) - metricBy(slot, b))
    .slice(0, ASKED_NEIGHBOURS);
}
