import type { NodeId } from '../../kit/node-id.js';
import { ZONES } from './ring.js';
import type { ChosenReason } from './ring4.js';

/** A chosen link that is not up for so long is given up, ms. */
export const CHOSEN_PATIENCE_MS = 5_000;
/** A new link has to be up for so long, ms, before another one is given up for it: routing moves first. */
export const SETTLE_MS = 2_000;
/** Links that are made to take the place of others are at least so far apart, ms. */
export const REPLACE_EVERY_MS = 5_000;
/** Chosen nodes that are dialed at once. */
const MOST_DIALED = 8;

interface Chosen {
  readonly id: NodeId;
  reason: ChosenReason;
  /** Since when it is up; undefined: it is being dialed. */
  upAt: number | undefined;
  /** Since when it is being dialed, first or anew. */
  dialedAt: number;
}

/**
 * The links that this node makes on its own, at most `most` of them (or its four ring successors). In peace one place is free, for a link that is to take the place of another:
 *
 * ```
 *   most - 1 links ── dial another ──> most ── it is up, and settled ──> give one up ──> most - 1
 * ```
 */
export class ChosenLinks {
  readonly most: number;
  /** Links of the same node that are not chosen by the rule, and take places too. */
  others = 0;
  readonly #chosen = new Map<NodeId, Chosen>();
  #replacedAt = -Infinity;

  constructor(most: number) {
    this.most = most;
  }

  /** So many in peace. */
  get steady(): number {
    return Math.max(Math.min(this.most, 1), this.most - 1 - this.others);
  }

  get size(): number {
    return this.#chosen.size;
  }

  has(id: NodeId): boolean {
    return this.#chosen.has(id);
  }

  reasonOf(id: NodeId): ChosenReason | undefined {
    return this.#chosen.get(id)?.reason;
  }

  all(): Chosen[] {
    return [...this.#chosen.values()];
  }

  add(id: NodeId, reason: ChosenReason, now: number): void {
    if (this.#chosen.size >= this.steady) this.#replacedAt = now;
    this.#chosen.set(id, { id, reason, upAt: undefined, dialedAt: now });
  }

  up(id: NodeId, now: number): void {
    const chosen = this.#chosen.get(id);
    if (chosen) chosen.upAt = now;
  }

  down(id: NodeId, now: number): void {
    const chosen = this.#chosen.get(id);
    if (!chosen) return;
    chosen.upAt = undefined;
    chosen.dialedAt = now;
  }

  delete(id: NodeId): void {
    this.#chosen.delete(id);
  }

  /** Whether another node may be dialed now. Ring successors may, however few links are wanted. */
  mayDial(reason: ChosenReason, now: number): boolean {
    const dialed = this.all().filter(({ upAt }) => upAt === undefined).length;
    if (dialed >= MOST_DIALED) return false;
    if (this.#chosen.size < this.steady) return true;
    const limit = Math.max(this.most - this.others, this.steady + 1, reason === 'ring' ? ZONES.length : 0);
    return this.#chosen.size < limit && now >= this.#replacedAt + REPLACE_EVERY_MS;
  }

  /** Those that are dialed for too long. */
  overdue(now: number): NodeId[] {
    return this.all()
      .filter(({ upAt, dialedAt }) => upAt === undefined && now - dialedAt >= CHOSEN_PATIENCE_MS)
      .map(({ id }) => id);
  }

  /** One that may be given up, because as many as there have to be are up and settled without it; undefined: none yet. */
  superfluous(wanted: ReadonlyMap<NodeId, ChosenReason>, now: number): NodeId | undefined {
    const isSettled = ({ upAt }: Chosen) => upAt !== undefined && now - upAt >= SETTLE_MS;
    const settled = this.all().filter(isSettled);
    if (settled.length - 1 < Math.min(this.steady, wanted.size)) return undefined;
    // A random link is worth more to all than one that was near once.
    settled.sort((a, b) => Number(a.reason === 'random') - Number(b.reason === 'random'));
    return settled.find(({ id }) => !wanted.has(id))?.id;
  }

  /** When one of them has been dialed for too long, or has settled: Infinity, if nothing is awaited. */
  nextChange(now: number): number {
    let next = Infinity;
    for (const { upAt, dialedAt } of this.#chosen.values()) {
      const due = upAt === undefined ? dialedAt + CHOSEN_PATIENCE_MS : upAt + SETTLE_MS;
      if (due > now) next = Math.min(next, due);
    }
    if (this.#chosen.size >= this.steady && this.#replacedAt + REPLACE_EVERY_MS > now)
      next = Math.min(next, this.#replacedAt + REPLACE_EVERY_MS);
    return next;
  }
}
