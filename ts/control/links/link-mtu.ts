import { MAX_MTU } from '../../wire/network-header.js';
import type { MtuState } from '../io.js';
import type { Timer } from '../timer-queue.js';
import type { HelloExchange } from './hello-exchange.js';
import { mtuCandidates } from './mtu-candidates.js';
import { CONFIRM_LEAF_MS, CONFIRM_MS, MtuSearch } from './mtu-search.js';
import type { LinkServices } from './services.js';
import type { SessionTerms } from './session.types.js';

/** A probe is waited for as long as round trips are, but never less, nor more, than this, ms. */
const SHORTEST_WAIT = 100;
const LONGEST_WAIT = 3_000;

/** What a session does for its MTU's sake. */
export interface ProbeSender {
  /** Sends a hello of `size` bytes of frame, then an ordinary one; the sequence of the first. */
  sendProbe(size: number, now: number): number;
}

/** The MTU of one session: runs {@link MtuSearch} on its hellos, and tells the packet path what was found. */
export class LinkMtu implements Timer {
  due = Infinity;
  place = -1;
  readonly #search: MtuSearch | undefined;
  readonly #link: number;
  readonly #services: LinkServices;
  readonly #hellos: HelloExchange;
  readonly #sender: ProbeSender;
  #published: number;
  #running = false;
  /** Probes that were lost and have been told. */
  #excused = 0;

  constructor(
    { link, address, peerRole }: SessionTerms,
    services: LinkServices,
    hellos: HelloExchange,
    sender: ProbeSender,
  ) {
    const { sizes, first } = mtuCandidates(address);
    const isStream = address.scheme === 'tcp'; // which carries frames of any size
    const confirmMs = peerRole === 'leaf' || services.role === 'leaf' ? CONFIRM_LEAF_MS : CONFIRM_MS;
    this.#search = services.probeMtu && !isStream ? new MtuSearch(services.mtu, sizes, first, confirmMs) : undefined;
    this.#link = link;
    this.#services = services;
    this.#hellos = hellos;
    this.#sender = sender;
    this.#published = isStream ? MAX_MTU : services.mtu;
  }

  /** Largest frame, bytes. */
  get mtu(): number {
    return this.#published;
  }

  get state(): MtuState {
    return this.#search?.state ?? 'fixed';
  }

  /** The session is ready: small frames arrive, so larger ones can be tried. */
  start(now: number): void {
    this.#running = true;
    this.handleTimeout(now);
  }

  stop(): void {
    this.#running = false;
    this.#services.deadlines.clear(this);
  }

  /** Another network, perhaps: what did not pass may pass now, and what passed may not. */
  restart(now: number): void {
    this.#search?.restart();
    this.handleTimeout(now);
  }

  /** Hello `sequence`, which was no probe, has been answered. */
  alive(sequence: number, now: number): void {
    this.#search?.alive(sequence);
    this.#schedule(now);
  }

  /** A reply says that hello `sequence` came with `size` bytes. */
  acknowledged(sequence: number, size: number, now: number): void {
    this.#search?.acknowledged(sequence, size, now);
    this.handleTimeout(now);
  }

  /** The peer reports that frames were lost on their way to it. */
  suspect(now: number): void {
    this.#search?.suspect(now);
    this.#schedule(now);
  }

  /** What the link table says: a worker has lowered it if the machine's own device refused a frame. */
  observe(mtu: number, now: number): void {
    if (!this.#running || mtu === 0 || mtu >= this.#published) return;
    this.#published = mtu;
    this.#search?.fall();
    this.handleTimeout(now);
  }

  handleTimeout(now: number): void {
    const search = this.#search;
    if (!this.#running || search === undefined) return;
    const size = search.poll(now);
    this.#publish(search.mtu);
    this.#hellos.excuse(search.probesLost - this.#excused);
    this.#excused = search.probesLost;
    if (size !== 0) search.sent(size, this.#sender.sendProbe(size, now), this.#wait(), now);
    this.#schedule(now);
  }

  #publish(mtu: number): void {
    if (mtu === this.#published) return;
    this.#published = mtu;
    this.#services.outbox.push({ kind: 'linkMtu', link: this.#link, mtu });
  }

  #wait(): number {
    const { smoothed = SHORTEST_WAIT, variance = 0 } = this.#hellos.rtt;
    return Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, smoothed + 4 * variance));
  }

  #schedule(now: number): void {
    if (!this.#running || this.#search === undefined) return;
    const next = this.#search.nextTimeout();
    if (next === Infinity) this.#services.deadlines.clear(this);
    else this.#services.deadlines.schedule(this, Math.max(now, next));
  }
}
