/**
 * A few control nodes under a virtual clock, each with a packet path of its own that makes and checks real frames: tags, replay, link
 * numbers, hello replies. What passes between them are bytes, lost, late, doubled or altered as the test wants.
 */

import type {
  ControlCounter,
  ControlEvent,
  Job,
  LinkObservation,
  LinkStatus,
  Output,
  TransportAddress,
} from '../../../ts/control/io.js';
import { createControlNode } from '../../../ts/control/node.js';
import type { ControlNode, ControlNodeOptions } from '../../../ts/control/node.types.js';
import { type NodeId, parseNodeId } from '../../../ts/kit/node-id.js';
import { seededRandom } from '../../../ts/kit/random.js';
import { makeFrame, readHeaders } from '../../../ts/wire/frame.js';
import { readHello, writeHello } from '../../../ts/wire/hello.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { HEADERS_BYTES, Protocol } from '../../../ts/wire/network-header.js';
import { checkTag, writeTag } from '../../../ts/wire/tag.js';
import { type Entry, type Install, newEntry } from './entry.js';
import type { Datagram, Scheme } from './world.types.js';

export interface NodeSetup extends Partial<ControlNodeOptions> {
  /** Host of its one socket. Default: 10.0.0.<last byte of the id>. */
  readonly host?: string;
}

export const PORT = 7000;
export const NETWORK_KEY = new Uint8Array(32).fill(7);

export const idOf = (text: string): NodeId => {
  const id = parseNodeId(text);
  if (id === undefined) throw new Error(`no id: ${text}`);
  return id;
};

const hostOf = (id: NodeId): string => `10.0.0.${id & 255}`;

/** An address of a peer in this world. */
export const peer = (text: string, host = hostOf(idOf(text)), scheme: TransportAddress['scheme'] = 'udp') => ({
  id: idOf(text),
  scheme,
  host,
  port: PORT,
});

export class World {
  now = 1_000;
  readonly random;
  /** Milliseconds one way, and what is added at random. */
  delay = 5;
  jitter = 0;
  loss = 0;
  duplicates = 0;
  filter: (datagram: Datagram) => boolean = () => true;
  /** Another delay of a datagram. */
  delayOf: (datagram: Datagram) => number = () => this.delay;
  /** Names that resolve; addresses resolve to themselves. */
  readonly names = new Map<string, string[]>();
  readonly nodes: TestNode[] = [];
  /** Every datagram that was sent, for replays. */
  readonly log: Datagram[] = [];
  readonly #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  add(text: string, setup: NodeSetup = {}): TestNode {
    const node = new TestNode(this, idOf(text), setup);
    this.nodes.push(node);
    node.act(() => node.control.start(this.now));
    return node;
  }

  at(time: number, run: () => void): void {
    this.#queue.push({ at: time, order: this.#order++, run });
    this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#queue[0];
      if (!next || next.at > end) break;
      this.#queue.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  /** Runs until it holds; throws when it does not within `ms`. Returns how long it took. */
  until(holds: () => boolean, ms = 5_000): number {
    const start = this.now;
    while (!holds()) {
      if (this.now - start >= ms) throw new Error(`did not come true within ${ms} ms`);
      this.run(1);
    }
    return this.now - start;
  }

  transmit(from: string, to: string, frame: Uint8Array, scheme: Scheme = 'udp'): void {
    const datagram = { from, to, frame: frame.slice(), type: (frame[0] as number) & 15, scheme };
    this.log.push(datagram);
    if (!this.filter(datagram) || this.random.chance(this.loss)) return;
    this.deliver(datagram);
    if (this.random.chance(this.duplicates)) this.deliver(datagram);
  }

  deliver(datagram: Datagram): void {
    const { from, to, frame, scheme } = datagram;
    this.at(this.now + this.delayOf(datagram) + this.random.unit() * this.jitter, () => {
      for (const node of this.nodes) if (node.host === to) node.receive(frame.slice(), from, scheme);
    });
  }
}

export class TestNode {
  readonly host: string;
  readonly control: ControlNode;
  readonly events: ControlEvent[] = [];
  readonly counts: Partial<Record<ControlCounter, number>> = {};
  readonly packets: Uint8Array[] = [];
  /** What became of routes and leaves. */
  readonly outputs: Output[] = [];
  readonly entries = new Map<number, Entry>();
  /** What flows into a main link are spread over. */
  readonly bundles = new Map<number, readonly number[]>();
  /** Frames that the packet path refused. */
  refused = 0;
  running = true;
  /** The control thread stands still; the packet path goes on. What is for control waits. */
  stalled = false;
  /** All of the node stands still: frames wait in its socket. */
  frozen = false;
  #waiting: (() => void)[] = [];
  readonly #socket: { frame: Uint8Array; from: string; scheme: Scheme }[] = [];
  #timer = 0;

  constructor(
    readonly world: World,
    readonly id: NodeId,
    setup: NodeSetup,
  ) {
    this.host = setup.host ?? hostOf(id);
    const random = world.random.fork();
    this.control = createControlNode({
      id,
      networkKey: NETWORK_KEY,
      bootEpoch: 1_700_000_000_000_000 + Math.round(world.now * 1000),
      peers: [],
      sockets: [{ family: 4 }],
      entropy: (bytes) => Uint8Array.from({ length: bytes }, () => random.below(256)),
      random: () => random.unit(),
      observer: { observe: (link) => this.observe(link) },
      linkCapacity: 64,
      ...setup,
    });
  }

  observe(link: number): LinkObservation {
    const entry = this.entries.get(link);
    if (!entry) throw new Error(`observes link ${link}, which is not installed`);
    const { up, rxFrames, rxHighest, lastHeard, lastData, mtu, txCounter } = entry;
    return { up, rxFrames, rxHighest, lastHeard, lastData, mtu, txFrames: txCounter - 1 };
  }

  /** Gives the control plane an input, then does what it wants. */
  act(input: () => void): void {
    if (!this.running) return;
    if (this.stalled) {
      this.#waiting.push(input);
      return;
    }
    input();
    for (let output = this.control.poll(); output; output = this.control.poll()) this.#do(output);
    this.#arm();
  }

  resume(): void {
    this.stalled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const input of waiting) this.act(input);
    this.act(() => this.control.handleTimeout(this.world.now));
  }

  /** Wakes up a frozen node: its timers run before it has read its socket. */
  thaw(): void {
    this.frozen = false;
    this.resume();
    for (const { frame, from, scheme } of this.#socket.splice(0)) this.receive(frame, from, scheme);
  }

  crash(): void {
    this.running = false;
    this.world.nodes.splice(this.world.nodes.indexOf(this), 1);
  }

  status(of: string): LinkStatus | undefined {
    return this.control.links(this.world.now).find(({ peer: id }) => id === idOf(of));
  }

  isUp(of: string): boolean {
    return this.status(of)?.state === 'up';
  }

  has(type: ControlEvent['type']): boolean {
    return this.events.some((event) => event.type === type);
  }

  count(type: ControlEvent['type']): number {
    return this.events.filter((event) => event.type === type).length;
  }

  /** Sends a data frame into the link, as a worker would: of the link's MTU, or as small as can be. */
  sendData(of: string, size: 'small' | 'full' = 'small'): void {
    const entry = this.entries.get(this.status(of)?.link ?? 0);
    if (!entry) throw new Error(`no link to ${of}`);
    entry.lastData = this.world.now;
    this.#transmit(entry, FrameType.Data, new Uint8Array(size === 'full' ? entry.mtu - HEADERS_BYTES : 10));
  }

  receive(frame: Uint8Array, from: string, scheme: Scheme = 'udp'): void {
    if (!this.running) return;
    if (this.frozen) {
      this.#socket.push({ frame, from, scheme });
      return;
    }
    const { now } = this.world;
    const headers = readHeaders(frame);
    if (typeof headers === 'string') return;
    const source: TransportAddress = { scheme, family: 4, host: from, port: PORT };
    if (headers.type === FrameType.Handshake) {
      this.act(() =>
        this.control.handleFrame({ link: 0, type: headers.type, frame, source, socket: 0 }, this.world.now),
      );
      return;
    }
    const entry = [...this.entries.values()].find(
      ({ install }) => install.ourNumber === headers.linkNumber && install.address.scheme === scheme,
    );
    const view = new DataView(frame.buffer);
    const tagged = entry && (!entry.install.tags || checkTag(view, 0, frame.byteLength, entry.rxKey, 0));
    if (!entry || !tagged || entry.seen.has(headers.counter)) {
      this.refused++;
      return;
    }
    entry.seen.add(headers.counter);
    entry.rxFrames++;
    entry.rxHighest = Math.max(entry.rxHighest, headers.counter);
    entry.lastHeard = now;
    if (headers.type === FrameType.Data) entry.lastData = now;
    else {
      if (headers.type === FrameType.Hello) this.#answer(entry, frame);
      const { link } = entry.install;
      const received = { link, type: headers.type, frame, receivedAt: now };
      this.act(() => this.control.handleFrame(received, this.world.now));
    }
  }

  #answer(entry: Entry, frame: Uint8Array): void {
    const hello = readHello(frame.subarray(HEADERS_BYTES));
    if (!hello || hello.reply || hello.quiet) return;
    const payload = new Uint8Array(56);
    writeHello(payload, {
      ...hello,
      reply: true,
      fastConfirmed: false,
      quiet: false,
      interval: entry.timing?.ownInterval ?? 0,
      heardInterval: entry.timing?.heardInterval ?? 0,
      lastCounter: entry.rxHighest,
      received: entry.rxFrames,
      sent: entry.txCounter - 1,
      held: 0,
      size: frame.byteLength,
    });
    this.#transmit(entry, FrameType.Hello, payload);
  }

  #transmit(entry: Entry, type: FrameType, payload: Uint8Array): void {
    const { install } = entry;
    const protocol = type === FrameType.Data ? Protocol.Datagram : Protocol.Link;
    const frame = makeFrame({ type, linkNumber: install.peerNumber, counter: entry.txCounter++, protocol }, payload);
    if (install.tags) writeTag(new DataView(frame.buffer), 0, frame.byteLength, entry.txKey, 0);
    this.world.transmit(this.host, install.address.host, frame, install.address.scheme);
  }

  #do(output: Output): void {
    switch (output.kind) {
      case 'send': {
        const entry = this.entries.get(output.link);
        if (!entry) throw new Error(`sends into link ${output.link}, which is not installed`);
        this.#transmit(entry, output.type, output.payload);
        return;
      }
      case 'sendTo':
        this.world.transmit(this.host, output.address.host, output.frame, output.address.scheme);
        return;
      case 'sendPacket':
        this.packets.push(output.frame);
        return;
      case 'route':
      case 'defaultRoute':
      case 'leafUp':
      case 'leafDown':
        this.outputs.push(output);
        return;
      case 'linkInstall':
        this.#install(output);
        return;
      case 'linkUp':
        this.#entry(output.link).up = true;
        return;
      case 'linkTiming':
        this.#entry(output.link).timing = output;
        return;
      case 'linkBundle':
        for (const link of output.links)
          if (link !== 0 && !this.#entry(link).up) throw new Error(`link ${link} is not up`);
        this.bundles.set(output.link, output.links);
        return;
      case 'linkMtu':
        this.#entry(output.link).mtu = output.mtu;
        return;
      case 'linkRetire': {
        this.#entry(output.link);
        this.entries.delete(output.link);
        this.world.at(this.world.now + 20, () => this.control.handleLinkFree(output.link));
        return;
      }
      case 'event':
        this.events.push(output.event);
        return;
      case 'count':
        this.counts[output.counter] = (this.counts[output.counter] ?? 0) + 1;
        return;
      case 'job':
        this.#resolve(output.id, output.job);
    }
  }

  #install(install: Install): void {
    if (this.entries.has(install.link)) throw new Error(`link ${install.link} is installed twice`);
    this.entries.set(install.link, newEntry(install, this.world.now));
  }

  #entry(link: number): Entry {
    const entry = this.entries.get(link);
    if (!entry) throw new Error(`link ${link} is not installed`);
    return entry;
  }

  #resolve(id: number, { scheme, host, port }: Job): void {
    const hosts = /^[\d.]+$/.test(host) ? [host] : this.world.names.get(host);
    const addresses = hosts?.map((address): TransportAddress => ({ scheme, family: 4, host: address, port }));
    const result = addresses ? { id, addresses } : { id, error: `no such name: ${host}` };
    this.world.at(this.world.now + 1, () => this.act(() => this.control.handleJobDone(result, this.world.now)));
  }

  #arm(): void {
    const at = this.control.nextTimeout();
    if (at === Infinity || at === this.#timer) return;
    this.#timer = at;
    this.world.at(Math.max(at, this.world.now), () => {
      if (this.#timer !== at || this.stalled) return;
      this.#timer = 0;
      this.act(() => this.control.handleTimeout(this.world.now));
    });
  }
}
