/**
 * A simulated node: the control plane, the shared memory and the packet path of the real one, with the virtual network below and the
 * virtual clock around. What the shell does with workers and timers happens here within one step.
 *
 * ```
 *   datagram ──▶ packet path ──▶ punted frames ──▶ control ──▶ outputs ──▶ tables (checked), frames ──▶ packet path ──▶ network
 *   timer ────────────────────────────────────────▶
 * ```
 */
import type { Command, LinkStatus } from '../control/io.js';
import type { ControlNode } from '../control/node.types.js';
import type { NodeId } from '../kit/node-id.js';
import { Verdict } from '../memory/batch.js';
import { inHand } from '../memory/conservation.js';
import { readCounters } from '../memory/counters.js';
import { readHandedUp } from '../memory/handed-up.js';
import { CLASSES, type Region } from '../memory/region.js';
import { makeFrame } from '../wire/frame.js';
import { FrameType } from '../wire/link-header.js';
import { HEADERS_BYTES, Protocol } from '../wire/network-header.js';
import { readSimAddress, type Scheme } from './addresses.js';
import { BundleChecker } from './bundle-checker.js';
import { type Member, membersOf } from './bundles.js';
import type { CheckedLabel, Vertex } from './checker.js';
import { NodeTables, SIM_PINS } from './node-tables.js';
import { type ActingNode, SimOutputs } from './outputs.js';
import { PacketPath } from './packet-path.js';
import { OwnFlows } from './pins/own-flows.js';
import type { Scratch } from './scratch.js';
import { createSimControl } from './sim-control.js';
import type { NodeWorld, SimNodeOptions } from './sim-node.types.js';

/** The packet path's longest sleep, ms. */
const LONGEST_WAIT = 1000;
/** Rounds between control and packet path within one step, beyond which they would never end. */
const MAX_ROUNDS = 1000;

export class SimNode implements ActingNode {
  readonly id: NodeId;
  readonly vertex: Vertex;
  readonly region: Region;
  readonly forwarding: Int32Array;
  readonly control: ControlNode;
  readonly bundles: BundleChecker;
  readonly #world: NodeWorld;
  readonly #scratch: Scratch;
  readonly #path: PacketPath;
  readonly #tables: NodeTables;
  readonly #outputs: SimOutputs;
  readonly #isLeaf: boolean;
  #alive = true;
  #wakeAt = Infinity;
  readonly #alarm = () => this.#onAlarm();
  readonly #takeRecord = (_type: number, at: number, length: number) => this.#handUp(at, length);
  /** When the packet path wants to look for silent links. */
  #stepBefore = Infinity;
  /** Of packets that start here; other incarnations have other numbers. */
  #sequence: number;

  constructor({
    id,
    peers,
    bootstrap = [],
    world,
    scratch,
    degree,
    leaves = 0,
    role = 'relay',
    random,
  }: SimNodeOptions) {
    this.id = id;
    this.vertex = world.checker.addVertex(id, role === 'leaf');
    this.#sequence = this.vertex * 2 ** 20;
    this.#isLeaf = role === 'leaf';
    this.#world = world;
    this.#scratch = scratch;
    const linksPerPeer = role === 'leaf' ? 1 : (world.options.linksPerPeer ?? 1);
    const linkCapacity = Math.min(4096, 2 * degree * linksPerPeer + 16);
    const leafCapacity = leaves === 0 ? 0 : 2 * leaves + 4;
    const tables = new NodeTables(linkCapacity, leafCapacity, role === 'leaf');
    this.#tables = tables;
    this.region = tables.region;
    this.bundles = new BundleChecker(tables.region);
    this.forwarding = tables.forwarding;
    this.#outputs = new SimOutputs(this, world, tables, scratch.toWorker.producer);
    const { queue, network, traffic, checker, pins } = world;
    const { slab } = scratch.batch;
    const flows = world.options.optimise ? new OwnFlows(world.ownPins) : undefined;
    this.#path = new PacketPath({
      self: id,
      region: this.region,
      scratch,
      now: () => queue.now,
      transmit: (to, frame, length, scheme) => {
        const type = slab.getUint8(frame) & 15;
        if (type === FrameType.Control) world.controlBytes += length;
        else if (type === FrameType.Data) pins.packets.left(this.vertex, id, to, slab, frame, queue.now);
        network.send(id, to, slab, frame, length, scheme);
      },
      onData: (frame) => {
        traffic.seen(this.vertex, id, slab, frame, queue.now);
        pins.arrived(this.vertex, slab, frame);
      },
      transitAsOwn: world.options.relaysLabel ?? false,
      flows: flows?.counter,
    });
    flows?.watch((delay, give) => this.later(delay, give));
    this.control = createSimControl({
      id,
      peers,
      bootstrap,
      neighbours: world.options.neighbours ?? 0,
      schemes: world.options.overTcp ? ['udp', 'tcp'] : ['udp'],
      bootedAt: queue.now,
      random,
      observer: tables,
      role,
      linkCapacity,
      leafCapacity,
      pinCapacity: SIM_PINS,
      optimise: flows !== undefined,
      linksPerPeer,
      probeMtu: world.options.probeMtu ?? false,
      measureBandwidth: world.options.measureBandwidth ?? false,
      rules: world.options.rules,
      onLabel: (layer, byte, trafficClass, label) => checker.setLabel(this.vertex, trafficClass, layer, byte, label),
    });
  }

  start(): void {
    this.#world.network.attach(this.id, (from, bytes, length, scheme = 'udp') =>
      this.#receive(from, bytes, length, scheme),
    );
    this.#world.pins.add(this);
    this.#world.note(this.id, `starts, incarnation #${this.vertex}`);
    this.#input((control, now) => control.start(now));
  }

  /** Frames of which the node has not told what became of them. Between two events nothing is in hand: so, 0. */
  get inHand(): number {
    return inHand(readCounters(this.region));
  }

  /** Vanishes without a word. */
  die(): void {
    this.#alive = false;
    this.#world.network.attach(this.id, undefined);
    this.#world.watch.died(this.vertex);
    this.#world.pins.died(this.vertex);
  }

  command(command: Command): void {
    this.#input((control, now) => control.handleCommand(command, now));
  }

  /** Sends an echo request to `destination`: in a class, or by turns in all. The reply keeps its request's. */
  ping(destination: NodeId, inClass?: number): void {
    const sequence = ++this.#sequence;
    const trafficClass = inClass ?? sequence % CLASSES;
    const headers = { source: this.id, destination, protocol: Protocol.EchoRequest, trafficClass, sequence };
    this.#world.traffic.sums.sent++;
    this.#outputs.sendPacket(makeFrame(headers, new Uint8Array(16)));
    this.#turn();
  }

  /** Sends a data frame into the link to a neighbour, which drops it: it keeps the link busy, and nothing else. */
  sendToNeighbour(peer: NodeId): void {
    const link = this.#linkTo(peer);
    if (link === undefined) return;
    this.#outputs.sendLink(link, FrameType.Data, new Uint8Array(16));
    this.#turn();
  }

  links(): LinkStatus[] {
    return this.control.links(this.#world.queue.now);
  }

  hasLink(peer: NodeId): boolean {
    return this.#linkTo(peer) !== undefined;
  }

  /** The sessions besides the first ones over which flows are spread. */
  members(): Member[] {
    return membersOf(this.region, this.control.links(this.#world.queue.now));
  }

  directLink(destination: NodeId, trafficClass: number): number {
    return this.#tables.directLink(destination, trafficClass);
  }

  labelOf(layer: number, byte: number, trafficClass: number): CheckedLabel | undefined {
    return this.control.entry(layer, byte, trafficClass).label;
  }

  /** Where the route stage sends a packet by tables: to a neighbour, to this node itself, or nowhere. */
  nextHop(destination: NodeId, fromHere: boolean, trafficClass = 0): NodeId | undefined {
    // A relay's own pins lead where labels go on: its tables are asked as by a packet in transit.
    const { verdict, argument } = this.#path.decide(destination, fromHere && this.#isLeaf, trafficClass);
    if (verdict === Verdict.Deliver) return this.id;
    return verdict === Verdict.Forward ? this.peerOf(argument) : undefined;
  }

  peerOf(link: number): NodeId | undefined {
    const peer = this.#world.watch.peerOf(this.vertex, link);
    return peer === 0 ? undefined : this.#world.checker.idOf(peer);
  }

  later(delay: number, give: (control: ControlNode, now: number) => void): void {
    this.#world.queue.after(delay, () => {
      if (this.#alive) this.#input(give);
    });
  }

  #receive(from: NodeId, bytes: DataView, length: number, scheme: Scheme): void {
    this.#path.enqueue(from, bytes, length, scheme);
    this.#turn();
  }

  /** One input for control, then everything that follows from it. */
  #input(give: (control: ControlNode, now: number) => void): void {
    give(this.control, this.#world.queue.now);
    this.#act();
    if (this.#scratch.toWorker.consumer.backlog > 0) return this.#turn();
    this.#world.checker.settle(this.vertex);
    this.#schedule();
  }

  /** The packet path and control by turns, until neither has anything left for the other. */
  #turn(): void {
    const { toControl, toWorker, toSockets } = this.#scratch;
    for (let round = 0; ; round++) {
      if (round > MAX_ROUNDS) throw new Error('control and packet path keep each other busy for ever');
      this.#path.step();
      // What the worker would hold back for a later step goes up now: the ring is shared, and the next step may be another node's.
      toControl.producer.publish();
      while (toSockets.consumer.next());
      toSockets.consumer.release();
      toControl.consumer.read(this.#takeRecord);
      this.#act();
      if (toWorker.consumer.backlog === 0) break;
    }
    this.#world.checker.settle(this.vertex);
    this.#stepBefore = this.#world.queue.now + this.#path.waitFor(LONGEST_WAIT);
    this.#schedule();
  }

  #handUp(at: number, length: number): void {
    const { view, bytes } = this.#scratch.toControl.consumer;
    const now = this.#world.queue.now;
    const handed = readHandedUp(view, bytes, at, length);
    if (!handed) return;
    if (handed.kind === 'packet') this.control.handlePacket(handed, now);
    else if (handed.kind === 'linkDowned') this.control.handleLinkDown(handed.link, now);
    else {
      const { address, ...received } = handed;
      const source = address === undefined ? undefined : readSimAddress(view, address);
      const from = source && { source, socket: 0 };
      if (received.type === FrameType.Control)
        this.#world.pins.heard(this.vertex, received.link, received.frame.subarray(HEADERS_BYTES));
      this.control.handleFrame({ ...received, ...from }, now);
    }
    this.#act();
  }

  #act(): void {
    for (let output = this.control.poll(); output; output = this.control.poll()) this.#outputs.execute(output);
  }

  /** Sets the alarm for whatever comes first; one that was set for later stays and finds nothing to do. */
  #schedule(): void {
    const { queue } = this.#world;
    const next = Math.max(Math.min(this.control.nextTimeout(), this.#stepBefore), queue.now);
    if (next >= this.#wakeAt) return;
    this.#wakeAt = next;
    queue.at(next, this.#alarm);
  }

  #onAlarm(): void {
    const { now } = this.#world.queue;
    if (!this.#alive || this.#wakeAt !== now) return;
    this.#wakeAt = Infinity;
    if (this.control.nextTimeout() <= now) this.#input((control) => control.handleTimeout(now));
    else if (this.#stepBefore <= now) this.#turn();
    else this.#schedule();
  }

  #linkTo(peer: NodeId): number | undefined {
    const links = this.control.links(this.#world.queue.now);
    return links.find((link) => link.peer === peer && link.state === 'up')?.link;
  }
}
