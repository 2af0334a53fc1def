/**
 * What follows from a change of a slot, in this order: a strike, the selection, answers to those who wait, the forwarding table,
 * and only then what neighbours are told (R8: the route is stored before a frame with the new label leaves).
 */

import { INFINITE } from '../../wire/routing-entry.js';
import { makeRoom, updateBackupMaking } from './backup-making.js';
import { isIndifferent } from './indifference.js';
import type { Hops } from './inner-neighbours.js';
import { isNone } from './label.js';
import type { Neighbour } from './neighbour.js';
import { updateOptimisation } from './optimisation.js';
import { servePending, updateSearch } from './requests.js';
import { updateRestoration } from './restoration.js';
import type { Label } from './router.types.js';
import { ALL_ON } from './safety-rules.js';
import { isFeasible, select } from './selection.js';
import { type Advert, advertised, type Slot } from './slot-state.js';
import type { RoutingState } from './state.js';
import { strike } from './strikes.js';

/** Why a slot is looked at: an advert came or went by a message, a link changed, a time came, a neighbour asks. */
export type Cause = 'message' | 'link' | 'timer' | 'request';

export class Decision {
  readonly #state: RoutingState;

  constructor(state: RoutingState) {
    this.#state = state;
  }

  /** An advert of the slot came by a message; `isNews`: it says something else than before. Most of them change nothing. */
  hear(slot: Slot, advert: Advert, isNews: boolean, now: number): void {
    const { rules } = this.#state;
    if (rules === ALL_ON && isIndifferent(slot, advert, isNews, now, rules)) return;
    this.evaluate(slot, 'message', now, advert.metric < INFINITE ? advert : undefined);
  }

  /** @param news the route that was just advertised, if one was. */
  evaluate(slot: Slot, cause: Cause, now: number, news?: Advert): void {
    const { rules } = this.#state;
    const { primary, seqno, distance, metric, hops } = slot;
    if (cause === 'message' && primary && !isFeasible(slot, primary, now, rules)) strike(slot, now); // R10
    select(slot, now, rules);
    const answered = slot.pending ? servePending(slot, now) : [];
    if (answered.length > 0) select(slot, now, rules); // R14a may have lowered the label: R8
    updateSearch(slot, news !== undefined, now);
    updateOptimisation(slot, now, rules);
    updateBackupMaking(slot, now, rules, this.#state.random);
    updateRestoration(slot, now, this.#state.random);
    this.#schedule(slot, now);

    if (slot.seqno !== seqno) this.#watchSeqno(slot, { seqno, distance }, now);
    if (slot.seqno !== seqno || slot.distance !== distance) this.#report(slot);
    if (this.#storeRoute(slot) || slot.metric !== metric) this.#state.inner.slotChanged(slot);
    const isNews =
      slot.primary !== primary ||
      slot.seqno !== seqno ||
      slot.distance !== distance ||
      slot.metric !== metric ||
      slot.hops !== hops;
    if (isNews) this.#tell(slot, now);
    for (const neighbour of answered) neighbour.sender.resend(slot.key, now);
  }

  /** R14c: a neighbour asks for a label below its own, so that it has a backup. */
  makeBackup(slot: Slot, asker: Neighbour, asked: Label, now: number): void {
    const before = slot.distance;
    if (!makeRoom(slot, asker, asked, now, this.#state.rules)) return;
    if (slot.distance !== before) {
      this.#report(slot);
      this.#tell(slot, now);
      this.evaluate(slot, 'request', now); // the backup may be another one now: R8
    }
    asker.sender.resend(slot.key, now);
  }

  /** Whether the forwarding table changes. */
  #storeRoute(slot: Slot): boolean {
    const { trafficClass, layer, byte } = slot;
    const { primary, backup } = slot.primary ? linksOf(slot) : this.#state.inner.fallback(slot);
    if (slot.link === primary && slot.backupLink === backup) return false;
    slot.link = primary;
    slot.backupLink = backup;
    this.#state.outputs.push({ kind: 'route', trafficClass, layer, byte, primary, backup });
    return true;
  }

  #watchSeqno(slot: Slot, before: Label, now: number): void {
    const { layer, byte, seqno, primary } = slot;
    if (isNone(before) || !primary || !this.#state.seqnos.isJump(before.seqno, seqno, now)) return;
    slot.jump = { layer, byte, peer: primary.neighbour.peer, from: before.seqno, to: seqno, at: now };
    this.#state.seqnos.jumped(slot.jump, now);
  }

  #report(slot: Slot): void {
    const label = isNone(slot) ? undefined : { seqno: slot.seqno, distance: slot.distance };
    this.#state.onLabel?.(slot.layer, slot.byte, slot.trafficClass, label);
  }

  #tell(slot: Slot, now: number): void {
    for (const neighbour of this.#state.neighbours.values())
      if (neighbour.carries(slot.layer, slot.byte))
        neighbour.sender.refreshAs(slot.key, advertised(slot, neighbour), now);
  }

  #schedule(slot: Slot, now: number): void {
    const suspicionEnds = now < slot.suspectUntil ? slot.suspectUntil : Number.POSITIVE_INFINITY;
    const due = Math.min(
      suspicionEnds,
      slot.search?.nextRound ?? Number.POSITIVE_INFINITY,
      slot.optimiseAt,
      slot.makeAt,
      slot.restoreAt,
    );
    this.#state.slotTimers.schedule(slot, due);
  }
}

function linksOf({ primary, backup }: Slot): Hops {
  return { primary: primary?.neighbour.link ?? 0, backup: backup?.neighbour.link ?? 0 };
}
