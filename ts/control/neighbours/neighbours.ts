/**
 * Neighbours that the network chooses: from the nodes that others tell of, by the rule "ring4", so that a node needs to know the address of one other
 * node only. Configured peers are kept beside.
 *
 * ```
 *   requests, answers ──> book of candidates ──> ring4 ──> links to make, links to give up
 *   probes (RTT) ────────────^                     ^
 *   links that are up, down ─┴─────────────────────┘
 * ```
 * Also where nothing is chosen, neighbours are told of others, and whoever dials is let in within limits.
 */
import type { NodeId } from '../../kit/node-id.js';
import type { DialPurpose, ProbeReplyMessage } from '../../wire/handshake.js';
import type { ListenClaim, NeighbourMessage, NodeAddress } from '../../wire/neighbours.js';
import type { BootstrapAddress, LinkProblem, LinkWhy, PeerAddress } from '../io.js';
import type { LinkAdvisor } from '../links/advisor.js';
import type { LinkServices } from '../links/services.js';
import type { Timer } from '../timer-queue.js';
import { Bootstrap } from './bootstrap.js';
import { CandidateBook } from './candidate-book.js';
import { ChosenLinks } from './chosen-links.js';
import { NeighbourExchange } from './exchange.js';
import { FlowLinks } from './flow-links.js';
import { IncomingLinks } from './incoming.js';
import { type LinkAccess, LinkedPeers, TURNED_AWAY } from './linked.js';
import { Prober } from './prober.js';
import { Requests } from './requests.js';
import { type ChosenReason, wantedNeighbours } from './ring4.js';
import { RuleView } from './rule-view.js';

/** Whatever changes is thought about together with what changes within this time, ms. */
const REVIEW_AFTER_MS = 20;
/** Ring successors are looked at this often at least, ms (R21). */
const REPAIR_MS = [15_000, 30_000] as const;
/** After the news that there is no route, at most this often, ms. */
const ALARM_EVERY_MS = 1_000;
/** A node that has no room, or did not want the link, is left alone for so long, ms. */
const TURNED_AWAY_MS = 60_000;

export interface NeighbourOptions {
  /** Links that the node makes on its own, 0..32. */
  readonly most: number;
  readonly bootstrap: readonly BootstrapAddress[];
  /** Where the node listens. */
  readonly listens: () => readonly ListenClaim[];
  /** Whether nodes that listen for TCP only can be dialed. */
  readonly dialsTcp: boolean;
  /** What has become of {@link Neighbours.measure}: how far a node is, ms; undefined: nobody knows. */
  readonly measured: (id: NodeId, rtt: number | undefined, now: number) => void;
  /** A link for a flow is no more, and does not come back. */
  readonly flowLinkGone: (id: NodeId, now: number) => void;
}

export class Neighbours implements LinkAdvisor, Timer {
  due = Infinity;
  place = -1;
  readonly #services: LinkServices;
  readonly #links: LinkAccess;
  readonly #book: CandidateBook;
  readonly #linked = new LinkedPeers();
  readonly #chosen: ChosenLinks;
  readonly #incoming: IncomingLinks;
  readonly #exchange: NeighbourExchange;
  readonly #prober: Prober;
  readonly #bootstrap: Bootstrap;
  readonly #requests: Requests;
  readonly #flows: FlowLinks;
  readonly #view: RuleView;
  #repairAt = Infinity;
  #alarmedAt = -Infinity;
  #isClosed = false;

  constructor(services: LinkServices, links: LinkAccess, options: NeighbourOptions) {
    const { self, random } = services;
    const { most, bootstrap, listens, dialsTcp, measured, flowLinkGone: gone } = options;
    this.#services = services;
    this.#links = links;
    this.#book = new CandidateBook(self);
    this.#chosen = new ChosenLinks(services.role === 'leaf' ? 0 : most);
    this.#incoming = new IncomingLinks(self, this.#linked);
    this.#exchange = new NeighbourExchange(self, this.#book, this.#linked, random);
    this.#prober = new Prober(services, this.#book, this.#linked, {
      answered: (id, address, rtt, now) => this.#answered(id, address, rtt, now),
      unanswered: (id, now) => this.#unanswered(id, now),
    });
    this.#bootstrap = new Bootstrap(bootstrap, links, this.#linked, this.#prober);
    this.#requests = new Requests(services, this.#linked, this.#chosen, ({ link }) =>
      links.send(link, { kind: 'neighbourRequest', request: this.#exchange.request(listens()) }),
    );
    this.#flows = new FlowLinks(
      {
        probe: (id, address, now) => this.#prober.probe(id, address, now),
        measured,
        dial: (id, addresses, now) => this.#choose(id, addresses, 'flow', now),
        giveUp: (id, now) => links.giveUp(id, now),
        gone,
      },
      services.deadlines,
      this.#chosen.most,
    );
    this.#view = new RuleView({
      book: this.#book,
      linked: this.#linked,
      chosen: this.#chosen,
      flows: this.#flows,
      incoming: this.#incoming,
      links,
      dialsTcp,
    });
  }

  start(now: number): void {
    if (!this.#isActive) return;
    this.#prober.start(now);
    this.#requests.start(now);
    this.#repairLater(now);
    this.#reviewSoon(now);
  }

  close(): void {
    this.#isClosed = true;
    this.#prober.stop();
    this.#requests.stop();
    this.#flows.close();
    this.#services.deadlines.clear(this);
  }

  /** Links that it has made or makes on its own; at most so many. */
  get counts(): { readonly chosen: number; readonly most: number } {
    return { chosen: this.#chosen.size + this.#flows.dialed, most: this.#chosen.most };
  }

  // What the path optimiser wants for flows that last.

  /** Measures how far a node is that there is no link with. False: nothing comes of it. */
  measure(id: NodeId, addresses: readonly NodeAddress[], now: number): boolean {
    const udp = addresses.filter(({ scheme }) => scheme === 'udp');
    return udp.length > 0 && this.#isFree(id, now) && this.#flows.measure(id, udp, now);
  }

  /** Makes a link with it as soon as there is room. False: there is none, or it has one. */
  makeFlowLink(id: NodeId, addresses: readonly NodeAddress[], now: number): boolean {
    if (!this.#isFree(id, now) || !this.#flows.make(id, addresses, now)) return false;
    this.#reviewSoon(now);
    return true;
  }

  endFlowLink(id: NodeId, now: number): void {
    if (this.#flows.end(id, now)) this.#reviewSoon(now);
  }

  /** Where a relay that there is a link with can be dialed. */
  addressesOf(id: NodeId): readonly NodeAddress[] {
    return this.#linked.find(id) ? (this.#book.find(id)?.addresses ?? []) : [];
  }

  /** Whether there is no link with it, and nobody makes one or has just been turned away. */
  #isFree(id: NodeId, now: number): boolean {
    if (!this.#isActive || this.#isClosed || this.#linked.find(id) || this.#chosen.has(id)) return false;
    return !this.#links.isConfigured(id) && now >= (this.#book.find(id)?.restUntil ?? -Infinity);
  }

  /** Why there is a link with a node that nobody has configured. */
  whyOf(id: NodeId): LinkWhy {
    return this.#flows.isDialed(id) ? 'flow' : (this.#chosen.reasonOf(id) ?? 'incoming');
  }

  // What becomes of links to relays.

  linkUp(link: number, id: NodeId, rtt: number, now: number): void {
    const facts = this.#links.factsOf(link);
    if (!facts) return;
    const peer = this.#linked.up(link, id, rtt, facts, now);
    this.#book.hear(id, peer.address ? [peer.address] : [], now, now);
    const candidate = this.#book.find(id);
    if (candidate) this.#book.alive(candidate, now);
    if (facts.configured) this.#chosen.delete(id);
    else if (!facts.weDialed && this.#chosen.has(id)) {
      // Both ends have dialed: the link is the other one's.
      this.#chosen.delete(id);
      this.#links.release(id);
    }
    if (facts.configured || !facts.weDialed) {
      const wasDialed = this.#flows.isDialed(id);
      this.#flows.handOver(id);
      if (wasDialed) this.#links.release(id);
    }
    this.#chosen.up(id, now);
    this.#flows.up(id, now);
    this.#incoming.arrived(id, now);
    for (const { to, answer } of this.#exchange.advice(peer))
      this.#links.send(to.link, { kind: 'neighbourAnswer', answer });
    if (!this.#isActive) return this.#reviewAt(this.#incoming.nextDeparture());
    this.#requests.newNeighbour(peer, now);
    this.#reviewSoon(now);
  }

  linkDown(link: number, id: NodeId, problem: LinkProblem, now: number): void {
    if (!this.#linked.down(link, id)) return;
    this.#incoming.gone(id);
    this.#chosen.down(id, now);
    if (this.#flows.isDialed(id)) this.#flows.down(id, TURNED_AWAY.has(problem), now);
    // Of a link that the other end had made, it only says that it does not need it any more.
    if (TURNED_AWAY.has(problem) && this.#chosen.has(id)) this.#turnedAway(id, now);
    if (this.#chosen.reasonOf(id) === 'ring') this.#requests.soon(now);
    this.#reviewSoon(now);
  }

  rttChanged(link: number, rtt: number): void {
    const peer = this.#linked.at(link);
    if (peer) peer.rtt = rtt;
  }

  /** Returns false when the message breaks the protocol. */
  handle(link: number, message: NeighbourMessage, now: number): boolean {
    const peer = this.#linked.at(link);
    if (!peer) return true; // it has just ended
    const { outbox } = this.#services;
    if (message.kind === 'neighbourRequest') {
      const answer = this.#exchange.answer(peer, message.request, now);
      if (answer) this.#links.send(link, { kind: 'neighbourAnswer', answer });
      else outbox.count('neighboursLimited');
      return true;
    }
    const news = this.#exchange.learn(peer.id, message.answer, now);
    if (news === undefined) outbox.count('neighboursLimited');
    else this.#reviewSoon(now);
    return true;
  }

  /** There is no route to somebody: the ring may be broken. */
  noRoute(now: number): void {
    if (!this.#isActive || now - this.#alarmedAt < ALARM_EVERY_MS) return;
    this.#alarmedAt = now;
    this.#requests.soon(now);
    this.#reviewSoon(now);
  }

  // What link control asks.

  admits(id: NodeId, purpose: DialPurpose, now: number): boolean {
    const isAdmitted = this.#incoming.admits(id, purpose, now);
    this.#reviewAt(this.#incoming.nextDeparture());
    return isAdmitted;
  }

  dialFailed(id: NodeId, problem: LinkProblem, now: number): void {
    if (this.#flows.isDialed(id) && problem !== 'noAnswer') this.#flows.down(id, true, now);
    if (problem === 'noAnswer' || this.#chosen.reasonOf(id) === 'join') return; // it is tried again, until patience ends
    this.#turnedAway(id, now);
    this.#reviewSoon(now);
  }

  handleProbeReply(reply: ProbeReplyMessage, receivedAt: number, now: number): void {
    this.#prober.handleReply(reply, receivedAt, now);
  }

  handleTimeout(now: number): void {
    if (this.#isClosed) return;
    for (const id of this.#incoming.overdue(now)) this.#links.giveUp(id, now);
    if (this.#isActive) {
      if (now >= this.#repairAt) {
        this.#repairLater(now);
        this.#book.forget(now);
        this.#bootstrap.seek(now);
      }
      this.#review(now);
    }
    this.#reviewAt(Math.min(this.#incoming.nextDeparture(), this.#chosen.nextChange(now), this.#repairAt));
  }

  get #isActive(): boolean {
    return this.#chosen.most > 0;
  }

  /** Makes and gives up links, so that they become those that the rule wants. */
  #review(now: number): void {
    for (const { id } of this.#chosen.all()) if (this.#links.isConfigured(id)) this.#chosen.delete(id); // by people, since
    for (const id of this.#chosen.overdue(now)) this.#giveUpDead(id, now);
    this.#chosen.others = this.#flows.size;
    this.#flows.fill(this.#chosen.most - this.#chosen.size - this.#flows.dialed, now);
    if (this.#linked.size === 0) this.#join(now);
    const { self, random } = this.#services;
    const wanted = wantedNeighbours(self, this.#view.nodes(now), this.#chosen.steady, random);
    for (const chosen of this.#chosen.all()) chosen.reason = wanted.get(chosen.id) ?? chosen.reason;
    for (const [id, reason] of wanted) {
      if (this.#chosen.has(id)) continue;
      if (!this.#chosen.mayDial(reason, now)) break;
      this.#dial(id, reason, now);
    }
    const left = this.#chosen.superfluous(wanted, now);
    if (left === undefined) return;
    this.#chosen.delete(left);
    this.#links.giveUp(left, now);
    this.#reviewSoon(now);
  }

  #dial(id: NodeId, reason: ChosenReason, now: number): void {
    const purpose = this.#linked.size === 0 ? 'join' : reason === 'ring' ? 'ring' : 'chosen';
    this.#flows.handOver(id);
    this.#chosen.add(id, reason, now);
    this.#choose(id, this.#view.addresses(this.#book.find(id)), purpose, now);
  }

  #choose(id: NodeId, addresses: readonly NodeAddress[], purpose: DialPurpose, now: number): void {
    const peers = addresses.map((address): PeerAddress => ({ id, ...address }));
    this.#links.choose(id, peers, purpose, now);
  }

  /** There is no link at all: any will do. */
  #join(now: number): void {
    for (const [id, addresses] of this.#bootstrap.peers()) {
      if (this.#chosen.has(id) || this.#flows.isDialed(id) || this.#links.isConfigured(id)) continue;
      this.#chosen.add(id, 'join', now);
      this.#links.choose(id, addresses, 'join', now);
    }
    this.#bootstrap.seekAlone(now);
  }

  #giveUpDead(id: NodeId, now: number): void {
    // Whoever has no link at all goes on: the dialer has a back-off of its own.
    if (this.#linked.size === 0 && this.#chosen.reasonOf(id) === 'join') return;
    const candidate = this.#book.find(id);
    if (candidate) this.#book.failed(candidate, now);
    this.#chosen.delete(id);
    this.#links.giveUp(id, now);
  }

  #turnedAway(id: NodeId, now: number): void {
    const candidate = this.#book.find(id);
    if (candidate) this.#book.rest(candidate, TURNED_AWAY_MS, now);
    this.#chosen.down(id, -Infinity); // given up at the next review: the dialer that tells of it is at work
  }

  #answered(id: NodeId, address: NodeAddress, rtt: number, now: number): void {
    this.#flows.answered(id, rtt);
    this.#book.hear(id, [address], now, now);
    const candidate = this.#book.find(id);
    if (!candidate) return;
    this.#book.measured(candidate, rtt, now);
    this.#reviewSoon(now);
  }

  #unanswered(id: NodeId | undefined, now: number): void {
    const candidate = id === undefined ? undefined : this.#book.find(id);
    if (candidate) this.#book.failed(candidate, now);
  }

  #repairLater(now: number): void {
    const [least, most] = REPAIR_MS;
    this.#repairAt = now + least + (most - least) * this.#services.random();
  }

  #reviewSoon(now: number): void {
    this.#reviewAt(now + REVIEW_AFTER_MS);
  }

  #reviewAt(time: number): void {
    if (!this.#isClosed && time < this.due) this.#services.deadlines.schedule(this, time);
  }
}
