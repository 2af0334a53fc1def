/** Nodes as the rule "ring4" sees them: those that are linked, and those that can be dialed. */
import type { NodeAddress } from '../../wire/neighbours.js';
import { type Candidate, type CandidateBook, isDead } from './candidate-book.js';
import type { ChosenLinks } from './chosen-links.js';
import type { FlowLinks } from './flow-links.js';
import type { IncomingLinks } from './incoming.js';
import type { LinkAccess, LinkedPeers } from './linked.js';
import { ENOUGH_SAMPLES } from './prober.js';
import type { KnownNode } from './ring4.js';

/** What is known, and by whom. */
export interface Knowledge {
  readonly book: CandidateBook;
  readonly linked: LinkedPeers;
  readonly chosen: ChosenLinks;
  readonly flows: Pick<FlowLinks, 'isDialed'>;
  readonly incoming: Pick<IncomingLinks, 'isGuest'>;
  readonly links: Pick<LinkAccess, 'isConfigured'>;
  /** Whether nodes that listen for TCP only can be dialed. */
  readonly dialsTcp: boolean;
}

export class RuleView {
  readonly #knowledge: Knowledge;

  constructor(knowledge: Knowledge) {
    this.#knowledge = knowledge;
  }

  nodes(now: number): KnownNode[] {
    const { book, flows } = this.#knowledge;
    const nodes: KnownNode[] = [];
    for (const candidate of book.all()) {
      if (flows.isDialed(candidate.id)) continue; // it goes when its flow ends
      const node = this.#linkedNode(candidate) ?? this.#freeNode(candidate, now);
      if (node) nodes.push(node);
    }
    return nodes;
  }

  /** Where it can be dialed. */
  addresses(candidate: Candidate | undefined): readonly NodeAddress[] {
    return (candidate?.addresses ?? []).filter(({ scheme }) => scheme === 'udp' || this.#knowledge.dialsTcp);
  }

  #linkedNode({ id, rtt }: Candidate): KnownNode | undefined {
    const { linked, chosen, incoming } = this.#knowledge;
    const peer = linked.find(id);
    const reason = chosen.reasonOf(id);
    if (reason !== undefined) return { id, rtt: peer?.rtt ?? rtt, link: 'chosen', reason };
    // A guest goes soon, so it is chosen if it is wanted.
    return peer && !incoming.isGuest(id) ? { id, rtt: peer.rtt, link: 'given' } : undefined;
  }

  #freeNode(candidate: Candidate, now: number): KnownNode | undefined {
    const { linked, links } = this.#knowledge;
    const { id, rtt, samples, restUntil } = candidate;
    if (linked.find(id) || links.isConfigured(id) || isDead(candidate) || now < restUntil) return undefined;
    if (this.addresses(candidate).length === 0) return undefined;
    return { id, rtt: samples < ENOUGH_SAMPLES && this.#isFull ? undefined : rtt };
  }

  /** All places are taken: what is to replace a link must be known to be better. */
  get #isFull(): boolean {
    const { chosen } = this.#knowledge;
    return chosen.size >= chosen.steady;
  }
}
