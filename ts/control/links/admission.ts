import type { NodeId } from '../../kit/node-id.js';
import type { InitMessage } from '../../wire/handshake.js';
import type { Timer } from '../timer-queue.js';
import type { Origin } from './acceptor.js';
import type { LinkServices } from './services.js';

/**
 * So many Inits are answered in so many ms. Each costs the control thread about a quarter of a millisecond (a key derivation, a sealed
 * answer): in a storm it is busy with them half of the time, and hellos of the links that are up never wait for more than a few.
 */
const AT_ONCE = 8;
const PERIOD_MS = 4;
/** On a busy machine the timer comes late: then the periods that were missed are made up for, up to so many. */
const PERIODS_AT_ONCE = 6;
/** Inits that wait at most; beyond, the host that has most of them loses its latest. */
const MAX_WAITING = 4096;

interface Waiting {
  readonly init: InitMessage;
  readonly origin: Origin;
}

/** The Inits of one host in the order of their coming, one a dialer: its latest. */
type Line = Map<NodeId, Waiting>;

/**
 * Lets Inits in at a rate that the control thread can bear when thousands come at once (a relay returns, and all its leaves dial). Relays
 * come before leaves, for many depend on them; among leaves, hosts take turns.
 *
 * ```
 *   Init ──> room in this period? ──────────────────────────> answered at once
 *               └─ no ──> waits: relays │ host a: id, id … │ host b: … ──> so many each period
 * ```
 * A dialer repeats its Init: the later one takes the earlier one's place, so that what is answered in the end is still awaited.
 */
export class Admission implements Timer {
  due = Infinity;
  place = -1;
  readonly #services: Pick<LinkServices, 'deadlines' | 'outbox'>;
  readonly #serve: (init: InitMessage, origin: Origin, now: number) => void;
  readonly #relays: Line = new Map();
  readonly #hosts = new Map<string, Line>();
  #waiting = 0;
  #periodEnds = -Infinity;
  #left = 0;

  constructor(
    services: Pick<LinkServices, 'deadlines' | 'outbox'>,
    serve: (init: InitMessage, origin: Origin, now: number) => void,
  ) {
    this.#services = services;
    this.#serve = serve;
  }

  /** Inits that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  handleInit(init: InitMessage, origin: Origin, now: number): void {
    this.#refill(now);
    if (this.#waiting === 0 && this.#left > 0) {
      this.#left--;
      this.#serve(init, origin, now);
      return;
    }
    this.#enqueue(init, origin);
    this.#services.deadlines.schedule(this, this.#periodEnds);
  }

  handleTimeout(now: number): void {
    this.#refill(now);
    while (this.#left > 0 && this.#waiting > 0) {
      const next = this.#take();
      if (!next) break;
      this.#left--;
      this.#serve(next.init, next.origin, now);
    }
    if (this.#waiting > 0) this.#services.deadlines.schedule(this, this.#periodEnds);
  }

  /** Nobody is let in any more. */
  close(): void {
    this.#services.deadlines.clear(this);
    this.#relays.clear();
    this.#hosts.clear();
    this.#waiting = 0;
  }

  #refill(now: number): void {
    if (now < this.#periodEnds) return;
    const missed = this.#waiting > 0 ? Math.floor((now - this.#periodEnds) / PERIOD_MS) : 0;
    this.#periodEnds = now + PERIOD_MS;
    this.#left = AT_ONCE * Math.min(PERIODS_AT_ONCE, 1 + missed);
  }

  #enqueue(init: InitMessage, origin: Origin): void {
    const line = init.role === 'leaf' ? this.#lineOf(origin.source.host) : this.#relays;
    if (!line.has(init.id)) this.#waiting++;
    line.set(init.id, { init, origin }); // a known id keeps its place
    if (this.#waiting > MAX_WAITING) this.#dropOne();
  }

  #lineOf(host: string): Line {
    let line = this.#hosts.get(host);
    if (!line) {
      line = new Map();
      this.#hosts.set(host, line);
    }
    return line;
  }

  #take(): Waiting | undefined {
    const relay = takeFirst(this.#relays);
    if (relay) {
      this.#waiting--;
      return relay;
    }
    for (const [host, line] of this.#hosts) {
      this.#hosts.delete(host);
      const next = takeFirst(line);
      if (line.size > 0) this.#hosts.set(host, line); // behind the others
      if (!next) continue;
      this.#waiting--;
      return next;
    }
    return undefined;
  }

  #dropOne(): void {
    let longest = this.#relays;
    for (const line of this.#hosts.values()) if (line.size > longest.size) longest = line;
    let latest: NodeId | undefined;
    for (const id of longest.keys()) latest = id;
    if (latest !== undefined) longest.delete(latest);
    this.#waiting--;
    this.#services.outbox.count('handshakesRefused');
  }
}

function takeFirst(line: Line): Waiting | undefined {
  for (const [id, waiting] of line) {
    line.delete(id);
    return waiting;
  }
  return undefined;
}
