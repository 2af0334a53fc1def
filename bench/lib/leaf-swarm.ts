/**
 * Thousands of leaves in one process: each the control plane and the packet path of a real leaf, with a socket of its own; one clock, one
 * timer and one set of buffers serve all. To their relay, a real node, nothing tells them from processes.
 */
import { createSocket, type Socket } from 'node:dgram';
import { formatNodeId, type NodeId } from '../../ts/kit/node-id.js';
import { seededRandom } from '../../ts/kit/random.js';
import type { Told } from '../../ts/memory/conservation.js';
import { readCounters } from '../../ts/memory/counters.js';
import { Checker } from '../../ts/sim/checker.js';
import { EventQueue } from '../../ts/sim/event-queue.js';
import { PinWatch } from '../../ts/sim/pins/pin-watch.js';
import { createScratch } from '../../ts/sim/scratch.js';
import { SimNode } from '../../ts/sim/sim-node.js';
import type { NodeWorld } from '../../ts/sim/sim-node.types.js';
import { Traffic } from '../../ts/sim/traffic.js';
import { Watch } from '../../ts/sim/watch.js';
import type { SwarmCounts, SwarmOrder } from './leaf-swarm-messages.js';

/** How often the clock of the leaves is set, ms: their timers are that late at most. */
const TICK_MS = 5;
/**
 * Where one process is thousands of leaves, what each does at once adds up. So that none takes its relay for silent whose answer waits in a socket
 * while others are served, the clock goes on by so many ms at most, and then all sockets are read.
 */
const LEAP_MS = 20;

export class LeafSwarm implements NodeWorld {
  readonly queue = new EventQueue();
  readonly checker = new Checker(() => this.queue.now);
  readonly watch = new Watch(this.checker);
  readonly pins = new PinWatch({ checker: this.checker, watch: this.watch, now: () => this.queue.now, note: () => {} });
  readonly traffic = new Traffic();
  readonly options = {};
  readonly isTold = false;
  controlBytes = 0;
  readonly ownPins = { optimiser: 0, detour: 0 };
  readonly #scratch = createScratch();
  readonly #random = seededRandom(1);
  readonly #started = performance.now();
  readonly #leaves = new Map<NodeId, SimNode>();
  readonly #vanished: SimNode[] = [];
  readonly #sockets = new Map<NodeId, Socket>();
  #relay: NodeId = 0;
  #port = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#tick();
  }

  readonly network: NodeWorld['network'] = {
    attach: (id, receiver) => {
      if (!receiver) return;
      this.#sockets.get(id)?.on('message', (message) => {
        // A copy on its own: the view must begin where the datagram does.
        const bytes = Uint8Array.from(message);
        receiver(this.#relay, new DataView(bytes.buffer), bytes.length);
      });
    },
    send: (from, _to, bytes, at, length) => {
      const datagram = new Uint8Array(length);
      for (let i = 0; i < length; i++) datagram[i] = bytes.getUint8(at + i);
      this.#sockets.get(from)?.send(datagram, this.#port, '127.0.0.1');
    },
  };

  note(): void {}

  /** Resolves when the leaves have their sockets and are about to dial. */
  async join({ relay, port, ids, withinMs }: Omit<SwarmOrder & { readonly kind: 'join' }, 'kind'>): Promise<void> {
    this.#relay = relay;
    this.#port = port;
    await Promise.all(ids.map((id) => this.#open(id)));
    const leaves = ids.map((id) => {
      const options = { id, peers: [relay], degree: 1, role: 'leaf', random: this.#random.fork() } as const;
      return new SimNode({ ...options, world: this, scratch: this.#scratch });
    });
    for (const [index, leaf] of leaves.entries()) {
      this.#leaves.set(leaf.id, leaf);
      this.queue.after((withinMs * index) / ids.length, () => leaf.start());
    }
  }

  ping(pairs: readonly (readonly [NodeId, NodeId])[]): void {
    for (const [from, to] of pairs) this.#leaves.get(from)?.ping(to);
  }

  /** These leaves end without a word. */
  vanish(ids: readonly NodeId[]): void {
    for (const id of ids) {
      const leaf = this.#leaves.get(id);
      if (!leaf) continue;
      leaf.die();
      this.#vanished.push(leaf);
      this.#leaves.delete(id);
      this.#sockets.get(id)?.close();
      this.#sockets.delete(id);
    }
  }

  /** All end without a word, and the clock stands still. */
  close(): void {
    this.vanish([...this.#leaves.keys()]);
    clearTimeout(this.#timer);
  }

  /** What the counters of each leaf say, also of those that have vanished. */
  told(): Told[] {
    return [...this.#leaves.values(), ...this.#vanished].map(({ region }) => readCounters(region));
  }

  counts(): SwarmCounts {
    const { sent, answered } = this.traffic.sums;
    const up = [...this.#leaves.values()].filter((leaf) => leaf.hasLink(this.#relay)).length;
    return { up, pings: sent, answers: answered, residentBytes: process.memoryUsage.rss() };
  }

  async #open(id: NodeId): Promise<void> {
    const socket = createSocket('udp4');
    this.#sockets.set(id, socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(new Error(`a socket for leaf ${formatNodeId(id)}: ${error.message}`)));
      socket.bind(0, '127.0.0.1', resolve);
    });
  }

  #tick(): void {
    const time = performance.now() - this.#started;
    const leap = Math.min(time, this.queue.now + LEAP_MS);
    this.queue.runUntil(leap);
    this.#timer = setTimeout(() => this.#tick(), leap < time ? 0 : TICK_MS);
  }
}
