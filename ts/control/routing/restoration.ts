/**
 * Room given back (R14d). Local repair and backup making lower labels to make room below somebody else's (R14a, R14c), so gaps between labels shrink, and
 * one day a repair finds none and has to walk to the origin. Only a new sequence number opens them again: every label that follows from it fits the costs of the links. Whoever
 * lowered its label for others asks for one, 10 to 20 minutes later, as of an optimisation (R15); unless its label has had a fresher number meanwhile.
 *
 * So nothing is asked for where no room was used; the first that asks does it for all, since its wave clears the others' wish; and a zone has at most one such wave in ten minutes.
 */
import { MAX_SEQNO } from '../../wire/routing-entry.js';
import type { Slot } from './slot-state.js';
import { MAX_HOP_BUDGET } from './sync-reader.js';

const PATIENCE_MS = 600_000;

/** R14a, R14c: lowers the label's distance for somebody else, which takes room from the gap above the next hop's. */
export function lowerForOthers(slot: Slot, distance: number): void {
  slot.distance = distance;
  slot.squeezedSeqno = slot.seqno;
}

/** Asks for a fresher number when it is time to; sets the slot's time for it. */
export function updateRestoration(slot: Slot, now: number, random: () => number): void {
  if (slot.squeezedSeqno !== slot.seqno) {
    slot.restoreAt = Number.POSITIVE_INFINITY;
    return;
  }
  if (slot.restoreAt === Number.POSITIVE_INFINITY) slot.restoreAt = later(now, random);
  if (now < slot.restoreAt) return;
  slot.restoreAt = later(now, random);
  const { key, seqno, primary } = slot;
  if (!primary || seqno === MAX_SEQNO) return;
  const request = { key, bump: true, optimise: true, makeBackup: false, distance: 0, hopBudget: MAX_HOP_BUDGET };
  primary.neighbour.sender.request({ ...request, seqno: seqno + 1 }, now);
}

/** Members of a zone do not ask all at once. */
function later(now: number, random: () => number): number {
  return now + PATIENCE_MS * (1 + random());
}
