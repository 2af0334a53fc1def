/** A network of nodes under a virtual clock, watched by the checker. */
import type { SafetyRules } from '../control/routing/router.types.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import { Checker } from './checker.js';
import { EventQueue } from './event-queue.js';
import { LEAVE_MS } from './fault-injector.js';
import { isWhole, Network, type Wire } from './network.js';
import { PinWatch } from './pins/pin-watch.js';
import { Reference } from './reference.js';
import { createScratch, type Scratch } from './scratch.js';
import { SimNode } from './sim-node.js';
import type { Topology } from './topology.js';
import { Traffic } from './traffic.js';
import { Watch } from './watch.js';

/** Something happened: to a node, or (without one) to the network as a whole. */
export interface SimEvent {
  /** Virtual milliseconds. */
  readonly time: number;
  readonly node: NodeId | undefined;
  readonly what: string;
}

export interface WorldOptions {
  readonly rules?: Partial<SafetyRules>;
  /** Whether nodes look for the MTU of their links. Default: false, for large frames are most of what a simulation would copy and hash. */
  readonly probeMtu?: boolean;
  /** Whether nodes send packet trains to find out what wires carry. Default: false, for the same reason. */
  readonly measureBandwidth?: boolean;
  /** Sessions of each link between relays: 1 to 8. Default: 1. */
  readonly linksPerPeer?: number;
  /** Whether nodes may be reached over TCP, too. Default: false. */
  readonly overTcp?: boolean;
  /** Links that each node makes on its own, to nodes that it hears of: the topology's edges are then only where there may be one. */
  readonly neighbours?: number;
  /** Whether nodes look for better paths for flows that last. Default: false. */
  readonly optimise?: boolean;
  /** Whether relays give labels of their own pins to packets of others, against P3: to show that the checker sees it. */
  readonly relaysLabel?: boolean;
  readonly onEvent?: (event: SimEvent) => void;
}

/** Nodes start one after the other within this time, ms. */
const START_SPREAD = 500;

export class World {
  readonly queue = new EventQueue();
  readonly network: Network;
  readonly checker: Checker;
  readonly watch: Watch;
  readonly pins: PinWatch;
  readonly traffic = new Traffic();
  readonly ids: readonly NodeId[];
  readonly leaves: ReadonlySet<NodeId>;
  readonly options: WorldOptions;
  /** Bytes of the control frames that were sent (routing, goodbyes), headers included. */
  controlBytes = 0;
  /** Nodes that have lost frames without a counter, a sentence each. */
  readonly unaccounted: string[] = [];
  /** What was wrong with bundles, and how often they were looked at. */
  readonly misspread: string[] = [];
  bundleChanges = 0;
  /** Paths that nodes have pinned of their own accord. */
  readonly ownPins = { optimiser: 0, detour: 0 };
  readonly #scratch: Scratch = createScratch();
  readonly #random: Random;
  readonly #peers = new Map<NodeId, NodeId[]>();
  readonly #bootstrap = new Map<NodeId, NodeId>();
  readonly #nodes = new Map<NodeId, SimNode>();

  constructor(topology: Topology, random: Random, options: WorldOptions = {}) {
    this.options = options;
    this.#random = random;
    this.ids = topology.nodes;
    this.leaves = topology.leaves ?? new Set();
    this.network = new Network(this.queue, random.fork());
    this.checker = new Checker(
      () => this.queue.now,
      ({ kind, text }) => this.note(undefined, `${kind.toUpperCase()} ${text}`),
    );
    this.watch = new Watch(this.checker);
    const { checker, watch } = this;
    this.pins = new PinWatch({
      checker,
      watch,
      now: () => this.queue.now,
      note: (what) => this.note(undefined, what),
    });
    for (const { a, b, model } of topology.edges) {
      this.network.connect(a, b, model, options.overTcp);
      if (options.neighbours === undefined) this.#choosePeers(a, b);
    }
    // Each but the first begins with one that was there before.
    if (options.neighbours !== undefined)
      for (const [index, id] of topology.nodes.entries())
        if (index > 0) this.#bootstrap.set(id, topology.nodes[random.below(index)] as NodeId);
  }

  get wires(): readonly Wire[] {
    return this.network.wires;
  }

  /** Starts all nodes, one after the other. */
  start(): void {
    for (const id of this.ids) this.queue.at(this.#random.unit() * START_SPREAD, () => this.restart(id));
  }

  isAlive(id: NodeId): boolean {
    return this.#nodes.has(id);
  }

  node(id: NodeId): SimNode | undefined {
    return this.#nodes.get(id);
  }

  liveNodes(): SimNode[] {
    return [...this.#nodes.values()];
  }

  /** The node vanishes with all its state, without a word. */
  crash(id: NodeId): void {
    this.#nodes.get(id)?.die();
    this.checkConservation(id);
    this.collectBundles(id);
    this.#nodes.delete(id);
  }

  /** Notes a node that has not told what became of each frame that it received or started. */
  checkConservation(id: NodeId): void {
    const missing = this.#nodes.get(id)?.inHand ?? 0;
    if (missing !== 0) this.unaccounted.push(`node ${formatNodeId(id)} does not tell what became of ${missing} frames`);
  }

  /** Notes what was wrong with a node's bundles in its life. */
  collectBundles(id: NodeId): void {
    const bundles = this.#nodes.get(id)?.bundles;
    this.bundleChanges += bundles?.changes ?? 0;
    for (const problem of bundles?.problems ?? []) this.misspread.push(`node ${formatNodeId(id)}: ${problem}`);
  }

  /** The node says goodbye to its neighbours, and then is gone. */
  leave(id: NodeId): void {
    const node = this.#nodes.get(id);
    node?.command({ kind: 'close' });
    this.queue.after(LEAVE_MS, () => {
      if (this.#nodes.get(id) === node) this.crash(id);
    });
  }

  /** A new incarnation of the node starts. */
  restart(id: NodeId): void {
    if (this.#nodes.has(id)) return;
    const peers = this.#peers.get(id) ?? [];
    const ends = this.wires.filter(({ a, b }) => a === id || b === id).map(({ a, b }) => (a === id ? b : a));
    const leaves = this.leaves.has(id) ? 0 : ends.filter((end) => this.leaves.has(end)).length;
    const random = this.#random.fork();
    const begin = this.#bootstrap.get(id);
    const bootstrap = begin === undefined ? [] : [begin];
    const options = {
      id,
      peers,
      bootstrap,
      degree: ends.length - leaves,
      leaves,
      world: this,
      scratch: this.#scratch,
      random,
    };
    const node = new SimNode({ ...options, role: this.leaves.has(id) ? 'leaf' : 'relay' });
    this.#nodes.set(id, node);
    node.start();
  }

  /** Sends an echo request, if the source lives. */
  ping(source: NodeId, destination: NodeId): void {
    this.#nodes.get(source)?.ping(destination);
  }

  /** Compares all tables and labels with what the checker knows, every `interval` ms. */
  sweepEvery(interval: number): void {
    this.queue.after(interval, () => {
      for (const node of this.#nodes.values()) this.watch.sweep(node);
      this.traffic.forget(this.queue.now);
      this.pins.look();
      this.sweepEvery(interval);
    });
  }

  /** What the live nodes and whole wires of this moment allow. */
  reference(): Reference {
    const wires = this.wires.filter((w) => isWhole(w) && this.isAlive(w.a) && this.isAlive(w.b));
    return new Reference(
      this.ids.filter((id) => this.isAlive(id)),
      wires.map(({ a, b }) => [a, b] as const),
      new Set([...this.leaves].filter((id) => this.isAlive(id))),
    );
  }

  /** Tells whoever listens; cheap when nobody does. */
  note(node: NodeId | undefined, what: string): void {
    this.options.onEvent?.({ time: this.queue.now, node, what });
  }

  /** Whether notes are read by anybody. */
  get isTold(): boolean {
    return this.options.onEvent !== undefined;
  }

  /** One end dials, or both do: links must cope with either. A leaf's relay does not. */
  #choosePeers(a: NodeId, b: NodeId): void {
    if (this.leaves.has(a)) return this.#addPeer(a, b);
    const who = this.#random.below(3);
    if (who !== 0) this.#addPeer(a, b);
    if (who !== 1) this.#addPeer(b, a);
  }

  #addPeer(id: NodeId, peer: NodeId): void {
    const peers = this.#peers.get(id);
    if (peers) peers.push(peer);
    else this.#peers.set(id, [peer]);
  }
}

/** One line a node event, as in `  12.345 s  1.2.3.4          link to 1.2.3.5 is up`. */
export function formatEvent({ time, node, what }: SimEvent): string {
  const seconds = (time / 1000).toFixed(3).padStart(8);
  const who = (node === undefined ? '-' : formatNodeId(node)).padEnd(15);
  return `${seconds} s  ${who}  ${what}`;
}
