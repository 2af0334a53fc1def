/**
 * Optimisation (R15). A label remembers the metric of the moment in which it was taken. When the way that a slot uses gets worse, its label stays (R7), and
 * a neighbour that has become the better one may not be below it: safe, but slow, and nothing else would ever change it. So whoever sees such a neighbour
 * for a while asks for a new sequence number; the wave that follows gives every node a label that fits the metrics of now, and moves no route by itself.
 */
import { INFINITE, MAX_SEQNO } from '../../wire/routing-entry.js';
import { isMuchBetter } from './metric.js';
import type { SafetyRules } from './router.types.js';
import { isFeasible, metricBy } from './selection.js';
import type { Advert, Slot } from './slot-state.js';
import { MAX_HOP_BUDGET } from './sync-reader.js';

/** For so long the better neighbour must have been there. */
const PATIENCE_MS = 10_000;
/** From one request of a slot to its next; and an origin grants no more of them (own-zone.ts, leaf-origins.ts). */
export const OPTIMISATION_PAUSE_MS = 60_000;

/** Asks for a fresher sequence number when it is time to; sets the slot's time for the next look. */
export function updateOptimisation(slot: Slot, now: number, rules: SafetyRules): void {
  const tempting = slot.primary ? mostTempting(slot, now, rules) : undefined;
  if (!tempting) {
    slot.optimiseAt = Number.POSITIVE_INFINITY;
    return;
  }
  if (slot.optimiseAt === Number.POSITIVE_INFINITY)
    slot.optimiseAt = Math.max(now + PATIENCE_MS, slot.optimisedAt + OPTIMISATION_PAUSE_MS);
  if (now < slot.optimiseAt) return;
  slot.optimisedAt = now;
  slot.optimiseAt = now + OPTIMISATION_PAUSE_MS;
  const request = {
    key: slot.key,
    bump: true,
    optimise: true,
    makeBackup: false,
    distance: 0,
    hopBudget: MAX_HOP_BUDGET,
  };
  tempting.neighbour.sender.request({ ...request, seqno: Math.min(MAX_SEQNO, slot.seqno + 1) }, now);
}

/** Whether the way by this neighbour is much better than the one in use, and may not be taken. */
export function isTempting(slot: Slot, advert: Advert, now: number, rules: SafetyRules): boolean {
  return (
    advert.metric < INFINITE &&
    isMuchBetter(slot.trafficClass, metricBy(slot, advert), slot.metric) &&
    !isFeasible(slot, advert, now, rules)
  );
}

function mostTempting(slot: Slot, now: number, rules: SafetyRules): Advert | undefined {
  let best: Advert | undefined;
  for (const advert of slot.adverts) {
    if (!isTempting(slot, advert, now, rules)) continue;
    if (!best || metricBy(slot, advert) < metricBy(slot, best)) best = advert;
  }
  return best;
}
