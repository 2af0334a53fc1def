/**
 * Whether news of a neighbour can be passed over: four of five messages change nothing but what is written in Adj-in, and to find that out by a
 * selection costs three passes over all neighbours.
 *
 * Proof that {@link isIndifferent} implies that a full evaluation (decision.ts) would change nothing and say nothing. Whatever a slot's evaluation
 * reads is evaluated at once when it changes: adverts by messages, costs by `linkQuality`, sessions by `linkDown`, requests when they come, times by
 * the slot's timer. So since the slot's last evaluation nothing has changed but the advert `a`, and that one left behind: P feasible, B the
 * best feasible neighbour besides P (R8) or none; and if best of all was another than P, then that was B, and not better enough for a switch (R6).
 *
 * - *Times.* No timer is set, but perhaps those of backup making and restoration (R14d), which have not come: there is neither suspicion nor search, so the same neighbours are feasible now as were then, `a` excepted. Nobody
 *   waits for an answer. There is a next hop, so that no search begins.
 * - *The neighbours.* `a` is neither P nor B (or says what it said before), and now it is not feasible (and no temptation, R15), or of a larger metric than B. So
 *   B is still the best besides P, and what is best of all is still P or B: R6 chooses P again. P is not lost: no strike (R10). Metric and hops are P's.
 * - *Optimisation (R15).* Nobody tempted the slot, or its timer would be set; `a` does not now, and the metric by P is what it was.
 * - *Backup making (R14c).* Without a backup nobody could have helped, or the timer is set and waits; `a` could not either. With one, nobody is asked.
 * - *The label.* R7 would lower it only if that of the way by P is smaller, and costs no backup. The first is false, or the second: B is not below it.
 *
 * So P, B, label, metric, hops and timer stay as they are, and no neighbour is told. It holds with all safety rules on; with one off it is not used.
 */
import { INFINITE } from '../../wire/routing-entry.js';
import { mayHelp } from './backup-making.js';
import { isSmaller } from './label.js';
import { isTempting } from './optimisation.js';
import type { SafetyRules } from './router.types.js';
import { distanceBy, isFeasible, metricBy } from './selection.js';
import type { Advert, Slot } from './slot-state.js';

/** `advert` was written anew by a message; `isNews`: it says something else than before. */
export function isIndifferent(slot: Slot, advert: Advert, isNews: boolean, now: number, rules: SafetyRules): boolean {
  const { primary, backup } = slot;
  if (!primary || slot.pending || hasTimes(slot, now)) return false;
  if (isNews && mayWin(slot, advert, now, rules)) return false;
  const label = { seqno: primary.seqno, distance: distanceBy(slot, primary) };
  return !isSmaller(label, slot) || (backup !== undefined && !isSmaller(backup, label));
}

/** Whether a time is set whose coming or going depends on adverts: any but those of backup making and restoration, which look only when they have come. */
function hasTimes({ due, makeAt, restoreAt, optimiseAt }: Slot, now: number): boolean {
  const waits = Math.min(makeAt, restoreAt);
  return due !== waits || waits <= now || optimiseAt !== Number.POSITIVE_INFINITY;
}

function mayWin(slot: Slot, advert: Advert, now: number, rules: SafetyRules): boolean {
  const { primary, backup } = slot;
  if (advert === primary || advert === backup) return true;
  if (advert.metric === INFINITE) return false;
  if (!isFeasible(slot, advert, now, rules)) {
    const helps = backup === undefined && slot.makeAt === Number.POSITIVE_INFINITY && mayHelp(slot, advert, now, rules);
    return helps || isTempting(slot, advert, now, rules);
  }
  return backup === undefined || metricBy(slot, advert) <= metricBy(slot, backup);
}
