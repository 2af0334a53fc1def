import type { PathMeasure } from '../../wire/route-query.js';

/** How long a query is remembered, ms, and by how many paths it may come. */
const MEMORY_MS = 10_000;
const PATHS = 4;
const MAX_QUERIES = 4096;

type Label = Pick<PathMeasure, 'rttMs' | 'cost'>;

/** By which paths a query has been here (Q2): one that is no better than another, or comes after four, leads nowhere new; one that is better takes the other's place. */
export class SeenQueries {
  readonly #labels = new Map<bigint, { readonly labels: Label[]; readonly until: number }>();

  /** Notes that query `id` came by a path of this measure; false: it need not be followed. */
  admit(id: bigint, { rttMs, cost }: Label, now: number): boolean {
    this.#expire(now);
    const known = this.#labels.get(id);
    if (!known) {
      if (this.#labels.size === MAX_QUERIES) this.#forgetOldest();
      this.#labels.set(id, { labels: [{ rttMs, cost }], until: now + MEMORY_MS });
      return true;
    }
    const { labels } = known;
    if (labels.some((label) => label.rttMs <= rttMs && label.cost <= cost)) return false;
    const kept = labels.filter((label) => label.rttMs < rttMs || label.cost < cost);
    if (kept.length === PATHS) return false;
    labels.splice(0, labels.length, ...kept, { rttMs, cost });
    return true;
  }

  get size(): number {
    return this.#labels.size;
  }

  /** All are remembered equally long, so the map is in the order of their ends. */
  #expire(now: number): void {
    for (const [id, { until }] of this.#labels) {
      if (until > now) return;
      this.#labels.delete(id);
    }
  }

  #forgetOldest(): void {
    for (const id of this.#labels.keys()) {
      this.#labels.delete(id);
      return;
    }
  }
}
