/**
 * Two strikes (R10). When a destination dies, neighbours go on telling each other of ghost routes, each feasible for somebody,
 * until the last one is retracted. Whoever loses its next hop by a message twice in a short time stops believing: until the
 * suspicion ends, only a sequence number that the dead cannot have is taken.
 */
import type { Slot } from './slot-state.js';

const STRIKES = 2;
const FORGIVEN_AFTER_MS = 3000;
const SUSPICION_MS = 1500;

/** The primary next hop was lost by a message, not by its link. */
export function strike(slot: Slot, now: number): void {
  slot.strikes = now - slot.lastStrike > FORGIVEN_AFTER_MS ? 1 : slot.strikes + 1;
  slot.lastStrike = now;
  if (slot.strikes < STRIKES) return;
  slot.suspectUntil = now + SUSPICION_MS;
  slot.suspectSeqno = slot.seqno;
}

export function isSuspect(slot: Slot, now: number): boolean {
  return now < slot.suspectUntil;
}
