/**
 * Routers alone, without links, frames or tables, and a script that decides which message is delivered when: for hand-built scenarios, and for
 * fuzzing with schedules that no real network would produce. The checker watches as in the full simulator.
 *
 * Messages wait in a mailbox a direction until the script delivers, drops or reorders them. A session's messages die with it.
 */

import { plainLink } from '../control/routing/link-quality.js';
import type { Router, RouterOptions, SafetyRules } from '../control/routing/router.types.js';
import { invariant } from '../kit/assert.js';
import type { NodeId } from '../kit/node-id.js';
import type { RoutingSync } from '../wire/gen/portolan/v1/control_pb.js';
import { Checker, type Vertex } from './checker.js';

interface Station {
  readonly id: NodeId;
  readonly vertex: Vertex;
  readonly router: ScriptedRouter;
  /** Link index -> the session, and back by the peer. */
  readonly sessions: Map<number, Session>;
  readonly words: Map<number, { layer: number; byte: number; trafficClass: number; primary: number; backup: number }>;
  nextLink: number;
}

interface Session {
  readonly peer: NodeId;
  /** The peer's incarnation when the session began. */
  readonly peerVertex: Vertex;
  readonly link: number;
  readonly mailbox: RoutingSync[];
}

/** What the network asks of a router. */
export type ScriptedRouter = Pick<
  Router,
  'linkUp' | 'linkDown' | 'linkQuality' | 'handleSync' | 'handleTimeout' | 'nextTimeout' | 'poll' | 'entry'
>;

export interface ScriptedOptions {
  readonly createRouter: (options: RouterOptions) => ScriptedRouter;
  readonly random: () => number;
  readonly rules?: Partial<SafetyRules>;
}

export class ScriptedNetwork {
  readonly checker: Checker;
  now = 1000;
  readonly #stations = new Map<NodeId, Station>();
  readonly #options: ScriptedOptions;

  constructor(options: ScriptedOptions) {
    this.#options = options;
    this.checker = new Checker(() => this.now);
  }

  /** Starts a node without links. `bootSeconds` gives the first seqno of a node that is alone. */
  addNode(id: NodeId, bootSeconds = 1_000_000): void {
    const vertex = this.checker.addVertex(id);
    const { createRouter, random, rules } = this.#options;
    const router = createRouter({
      self: id,
      bootSeconds,
      random,
      ...(rules && { rules }),
      onLabel: (layer, byte, trafficClass, label) => this.checker.setLabel(vertex, trafficClass, layer, byte, label),
    });
    this.#stations.set(id, { id, vertex, router, sessions: new Map(), words: new Map(), nextLink: 1 });
  }

  get nodes(): NodeId[] {
    return [...this.#stations.keys()];
  }

  router(id: NodeId): ScriptedRouter {
    return this.#station(id).router;
  }

  hasSession(a: NodeId, b: NodeId): boolean {
    return this.#session(a, b) !== undefined;
  }

  /** Brings up a session between two nodes; `rtt` in ms. */
  connect(a: NodeId, b: NodeId, rtt: number): void {
    invariant(!this.hasSession(a, b), 'two stations have one session at most');
    const one = this.#station(a);
    const other = this.#station(b);
    for (const [station, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      const link = station.nextLink++;
      station.sessions.set(link, { peer: peer.id, peerVertex: peer.vertex, link, mailbox: [] });
    }
    for (const [station, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      station.router.linkUp(this.#linkTo(station, peer.id), peer.id, plainLink(rtt), this.now);
      this.#drain(station);
    }
  }

  /** Ends the session at both ends; what waits in its mailboxes is lost. */
  disconnect(a: NodeId, b: NodeId): void {
    for (const [id, peer] of [
      [a, b],
      [b, a],
    ] as const)
      this.#endSession(this.#station(id), peer);
  }

  /** The node loses its state and starts again; its neighbours notice at once. Sessions must be brought up anew. */
  restart(id: NodeId): void {
    const before = this.#station(id);
    this.checker.removeVertex(before.vertex);
    this.addNode(id);
    for (const { peer } of before.sessions.values()) this.#endSession(this.#station(peer), id);
  }

  /**
   * The node loses its state and starts again, and nobody tells the new incarnation from the old one: sessions go on, messages under way are
   * delivered. That is what R12 forbids.
   */
  restartUnnoticed(id: NodeId, rtt: number): void {
    const before = this.#station(id);
    this.checker.removeVertex(before.vertex);
    this.addNode(id);
    const after = this.#station(id);
    after.nextLink = before.nextLink;
    for (const session of before.sessions.values()) {
      after.sessions.set(session.link, session);
      after.router.linkUp(session.link, session.peer, plainLink(rtt), this.now);
      const neighbour = this.#station(session.peer);
      const link = this.#linkTo(neighbour, id);
      neighbour.sessions.set(link, { ...(neighbour.sessions.get(link) as Session), peerVertex: after.vertex });
      this.#look(neighbour);
    }
    this.#drain(after);
  }

  /** A new round-trip time, seen by both ends. */
  setRtt(a: NodeId, b: NodeId, rtt: number): void {
    for (const [id, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      const station = this.#station(id);
      station.router.linkQuality(this.#linkTo(station, peer), plainLink(rtt), this.now);
      this.#drain(station);
    }
  }

  /** How many messages wait from `a` to `b`. */
  waiting(a: NodeId, b: NodeId): number {
    return this.#session(a, b)?.mailbox.length ?? 0;
  }

  /** Delivers the message at `index` in the mailbox from `a` to `b` (0: the oldest). False when there is none. */
  deliver(a: NodeId, b: NodeId, index = 0): boolean {
    const message = this.#session(a, b)?.mailbox.splice(index, 1)[0];
    if (!message) return false;
    const receiver = this.#station(b);
    const link = this.#linkTo(receiver, a);
    invariant(receiver.router.handleSync(link, message, this.now), 'a router reads what a router has written');
    this.#drain(receiver);
    return true;
  }

  /** Loses all messages under way from `a` to `b`. */
  drop(a: NodeId, b: NodeId, index = 0): boolean {
    return this.#session(a, b)?.mailbox.splice(index, 1).length === 1;
  }

  /** Lets `ms` pass: timers run, in steps of a millisecond; nothing is delivered but by {@link deliver}. */
  pass(ms: number, deliverBetween: (now: number) => void = () => {}): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now++;
      for (const station of this.#stations.values()) {
        if (station.router.nextTimeout() > this.now) continue;
        station.router.handleTimeout(this.now);
        this.#drain(station);
      }
      deliverBetween(this.now);
    }
  }

  /** Lets `ms` pass; every message is delivered at the end of the millisecond in which it was sent, but for those from or to held directions. */
  run(ms: number, held: readonly (readonly [NodeId, NodeId])[] = []): void {
    this.pass(ms, () => {
      for (const station of this.#stations.values())
        for (const { peer } of station.sessions.values())
          if (!held.some(([a, b]) => a === station.id && b === peer)) while (this.deliver(station.id, peer));
    });
  }

  /** The next hop and backup of `id` for the slot, as ids; 0: none. */
  nextHops(id: NodeId, layer: number, byte: number): { primary: NodeId; backup: NodeId } {
    const station = this.#station(id);
    const { primary, backup } = station.router.entry(layer, byte, 0);
    const peer = (link: number) => station.sessions.get(link)?.peer ?? 0;
    return { primary: peer(primary), backup: peer(backup) };
  }

  #endSession(station: Station, peer: NodeId): void {
    const session = [...station.sessions.values()].find((s) => s.peer === peer);
    if (!session) return;
    station.router.linkDown(session.link, this.now);
    this.#drain(station);
    station.sessions.delete(session.link);
    this.#look(station);
  }

  /** Outputs in their order: a route is in force before the message behind it is on its way, and labels are in order by then. */
  #drain(station: Station): void {
    for (let output = station.router.poll(); output; output = station.router.poll()) {
      if (output.kind === 'sync') {
        this.checker.settle(station.vertex);
        station.sessions.get(output.link)?.mailbox.push(output.message);
      } else if (output.kind === 'route') {
        const { layer, byte, trafficClass, primary, backup } = output;
        station.words.set((trafficClass << 10) | (layer << 8) | byte, { layer, byte, trafficClass, primary, backup });
        this.#show(station, layer, byte, trafficClass, primary, backup);
      }
    }
    this.checker.settle(station.vertex);
  }

  /** Shows the checker all next hops again: what a link leads to has changed. */
  #look(station: Station): void {
    for (const { layer, byte, trafficClass, primary, backup } of station.words.values())
      this.#show(station, layer, byte, trafficClass, primary, backup);
    this.checker.settle(station.vertex);
  }

  #show(station: Station, layer: number, byte: number, trafficClass: number, primary: number, backup: number): void {
    const vertexAt = (link: number) => station.sessions.get(link)?.peerVertex ?? 0;
    const next = { primary: vertexAt(primary), backup: vertexAt(backup) };
    this.checker.setNext(station.vertex, trafficClass, layer, byte, next);
  }

  #session(a: NodeId, b: NodeId): Session | undefined {
    return [...this.#station(a).sessions.values()].find((session) => session.peer === b);
  }

  #linkTo(station: Station, peer: NodeId): number {
    const session = this.#session(station.id, peer);
    invariant(session, 'there is a session to the peer');
    return session.link;
  }

  #station(id: NodeId): Station {
    const station = this.#stations.get(id);
    invariant(station, 'the station exists');
    return station;
  }
}
