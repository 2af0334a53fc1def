/**
 * One visit of a query to a node: from its coming until it is answered or refused. It spends its tokens on the best one or two candidates, and on
 * the next ones as refusals bring tokens back (Q4):
 *
 * ```
 *   query, B tokens ──> one branch, or two: a message costs 1, what is left goes 60 : 40
 *        refusal, t ──> back into the pool ──> the next candidate gets the pool less 1
 *        answer     ──> passed on at once; a later one only if it is better
 *   no branch is out, and no candidate or no token left ──> refused, with what is in the pool
 * ```
 */
import type { NodeId } from '../../kit/node-id.js';
import type { PathMeasure, RefusalReason, SearchLimits, Shortfall } from '../../wire/route-query.js';
import type { Timed } from '../timer-queue.js';
import { type Candidate, type Choice, closer } from './candidates.js';

/** Branches of a visit that are out at a time. */
const BRANCHES = 2;
/**
 * A candidate that is expected to stay below this share of the limits is tried alone: a second branch would find the same, later. (Measured on flat
 * networks of 200 nodes: two branches always 85 messages a query and 98.7 % met, with this rule 19 messages and 99.3 %: branches of one query
 * are in each other's way, for a node follows only two.)
 */
const AMPLE = 0.85;
const LARGER_SHARE = 0.6;

/** A branch that was sent and is not refused yet. */
interface Branch {
  readonly link: number;
  /** What it was given; no more can come back. */
  readonly tokens: number;
}

export interface VisitTerms {
  readonly id: bigint;
  readonly destination: NodeId;
  readonly limits: SearchLimits;
  /** The traffic class whose tables it follows; undefined: it is a search. */
  readonly follow: number | undefined;
  readonly fresh: boolean;
  readonly slackPercent: number;
  /** Of an own search, from 0: the next one looks farther. */
  readonly attempt: number;
  /** The link that the query came by; 0: it is this node's own. */
  readonly upstream: number;
  /** What the sender of the query calls it; of an own one its number. */
  readonly branch: number;
  /** The source first, this node last. */
  readonly path: readonly NodeId[];
  /** Of that path. */
  readonly soFar: PathMeasure;
  /** When an answer is of no use any more, ms. */
  readonly until: number;
}

export class Visit implements Timed {
  due = Infinity;
  place = -1;
  readonly terms: VisitTerms;
  /** Rank of the best answer that was passed on; Infinity: none was. */
  answered = Infinity;
  readonly #candidates: Candidate[];
  readonly #out = new Map<number, Branch>();
  #tokens: number;
  #best: Shortfall | undefined;
  #reason: RefusalReason;

  constructor(terms: VisitTerms, { candidates, anyRoute, best }: Choice, tokens: number) {
    this.terms = terms;
    this.#candidates = candidates;
    this.#tokens = tokens;
    this.#best = best;
    this.#reason = anyRoute ? 'limits' : 'noRoute';
  }

  /** Takes the candidates that are to be asked now, each with the tokens that it gets. Each must be {@link sent} afterwards. */
  next(): { readonly candidate: Candidate; readonly tokens: number }[] {
    const branches = (this.#candidates[0]?.rank ?? 0) < AMPLE ? 1 : BRANCHES;
    const count = Math.min(branches - this.#out.size, this.#candidates.length, this.#tokens);
    if (count <= 0) return [];
    const chosen = this.#candidates.splice(0, count);
    const pool = this.#tokens - count;
    this.#tokens = 0;
    const larger = count === 1 ? pool : Math.ceil(pool * LARGER_SHARE);
    return chosen.map((candidate, index) => ({ candidate, tokens: index === 0 ? larger : pool - larger }));
  }

  sent(branch: number, link: number, tokens: number): void {
    this.#out.set(branch, { link, tokens });
  }

  /** A branch came to nothing. `tokens`: what it gives back. */
  refused(branch: number, tokens: number, reason: RefusalReason, best: Shortfall | undefined): void {
    const given = this.#out.get(branch)?.tokens ?? 0;
    this.#out.delete(branch);
    this.#tokens += Math.min(given, tokens);
    if (reason === 'late' || reason === 'busy' || reason === 'tokens') this.#reason = reason;
    this.#best = closer(this.#best, best, this.terms.limits);
  }

  /** Whether nothing more can come of it. */
  get exhausted(): boolean {
    return this.#out.size === 0 && (this.#candidates.length === 0 || this.#tokens === 0);
  }

  /** What to say when it is exhausted and was not answered. */
  get verdict(): { readonly tokens: number; readonly reason: RefusalReason; readonly best: Shortfall | undefined } {
    const reason = this.#candidates.length > 0 ? 'tokens' : this.#reason;
    return { tokens: this.#tokens, reason, best: this.#best };
  }

  /** The branches that are out; of one link, if it is named. */
  branches(link?: number): number[] {
    const branches = [...this.#out];
    return branches.filter(([, branch]) => link === undefined || branch.link === link).map(([number]) => number);
  }

  has(branch: number, link: number): boolean {
    return this.#out.get(branch)?.link === link;
  }
}
