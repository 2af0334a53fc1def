/**
 * A small deterministic network of routers: virtual time, seeded delays, loss and reordering. After every step of a node it is
 * checked that labels strictly fall along the node's next hops, that no label ever rises, and that the union of primary and
 * backup next hops of all nodes has no cycle.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type LinkQuality, plainLink } from '../../../ts/control/routing/link-quality.js';
import { TRAFFIC_CLASSES } from '../../../ts/control/routing/metric.js';
import { createRouter } from '../../../ts/control/routing/router.js';
import type { Label, Router, RouterOutput, SafetyRules } from '../../../ts/control/routing/router.types.js';
import {
  formatNodeId,
  idByte,
  LAYERS,
  type Layer,
  type NodeId,
  parseNodeId,
  sharedBytes,
} from '../../../ts/kit/node-id.js';
import { type Random, seededRandom } from '../../../ts/kit/random.js';
import { ControlSchema, type RoutingSync } from '../../../ts/wire/gen/portolan/v1/control_pb.js';
import { BASE_MTU, HEADERS_BYTES } from '../../../ts/wire/network-header.js';

export interface NetOptions {
  readonly seed?: number;
  /** Share of control frames that are lost. */
  readonly loss?: number;
  /** Extra delay of a frame, uniform up to this, ms: more than the gap between frames reorders them. */
  readonly jitter?: number;
  readonly rules?: Partial<SafetyRules>;
}

interface VirtualLink {
  readonly ends: readonly [NetNode, NetNode];
  /** The link's index at each end. */
  readonly indexes: readonly [number, number];
  readonly delay: number;
  quality: LinkQuality;
  /** Frames pass; a cut link's ends learn of it later. */
  passes: boolean;
}

export class NetNode {
  readonly links = new Map<number, VirtualLink>();
  readonly table = new Map<
    string,
    { trafficClass: number; layer: number; byte: number; primary: number; backup: number }
  >();
  /** How often the next hops of a slot changed. */
  readonly changes = new Map<string, number>();
  /** Neighbours to whom their packets go straight. */
  readonly direct = new Map<NodeId, { link: number; classes: number }>();
  readonly labels = new Map<string, Label>();
  alive = true;
  wakesAt = Number.POSITIVE_INFINITY;

  constructor(
    readonly id: NodeId,
    readonly router: Router,
  ) {}

  peer(link: number): NetNode | undefined {
    const found = this.links.get(link);
    return found && (found.ends[0] === this ? found.ends[1] : found.ends[0]);
  }
}

interface Event {
  readonly at: number;
  readonly run: () => void;
}

export const id = (text: string): NodeId => {
  const parsed = parseNodeId(text);
  if (parsed === undefined) throw new Error(`not an id: ${text}`);
  return parsed;
};

export class Net {
  readonly random: Random;
  readonly nodes = new Map<NodeId, NetNode>();
  readonly violations: string[] = [];
  now = 0;
  frames = 0;
  bytes = 0;
  largest = 0;
  loss: number;
  /** Called with each frame before it is delivered; false drops it. */
  filter: (from: NodeId, to: NodeId, message: RoutingSync) => boolean = () => true;
  readonly #options: NetOptions;
  readonly #events: Event[] = [];
  #nextLink = 1;

  constructor(options: NetOptions = {}) {
    this.#options = options;
    this.loss = options.loss ?? 0;
    this.random = seededRandom(options.seed ?? 1);
  }

  /** Adds a node, or starts a crashed one again with nothing remembered. */
  add(text: string): NetNode {
    const self = id(text);
    const random = this.random.fork();
    const router = createRouter({
      self,
      bootSeconds: 1_790_000_000 + Math.floor(this.now / 1000),
      random: () => random.unit(),
      ...(this.#options.rules ? { rules: this.#options.rules } : {}),
    });
    const node = new NetNode(self, router);
    this.nodes.set(self, node);
    return node;
  }

  node(text: string): NetNode {
    const node = this.nodes.get(id(text));
    if (!node) throw new Error(`no node ${text}`);
    return node;
  }

  /** A link with this one-way delay, up at both ends at once. */
  connect(a: NetNode, b: NetNode, delay: number, worth: Partial<LinkQuality> = {}): VirtualLink {
    const quality = { ...plainLink(2 * delay), ...worth };
    const indexes: [number, number] = [this.#nextLink++, this.#nextLink++];
    const link: VirtualLink = { ends: [a, b], indexes, delay, quality, passes: true };
    a.links.set(link.indexes[0], link);
    b.links.set(link.indexes[1], link);
    for (const side of [0, 1] as const) {
      const end = link.ends[side];
      const other = link.ends[1 - side] as NetNode;
      end.router.linkUp(link.indexes[side], other.id, quality, this.now);
      this.settle(end);
    }
    return link;
  }

  linkBetween(a: NetNode, b: NetNode): VirtualLink | undefined {
    for (const [index, link] of a.links) if (a.peer(index) === b) return link;
    return undefined;
  }

  /** Frames stop; both ends notice after `detection` ms. */
  cut(link: VirtualLink, detection = 150): void {
    link.passes = false;
    this.after(detection, () => {
      for (const side of [0, 1] as const) {
        const end = link.ends[side];
        if (!end.links.delete(link.indexes[side]) || !end.alive) continue;
        end.router.linkDown(link.indexes[side], this.now);
        this.settle(end);
      }
    });
  }

  /** The node is gone with all it knew; neighbours notice after `detection` ms. */
  crash(node: NetNode, detection = 150): void {
    node.alive = false;
    this.nodes.delete(node.id);
    for (const link of node.links.values()) this.cut(link, detection);
  }

  setRtt(link: VirtualLink, rtt: number): void {
    this.setQuality(link, { rtt });
  }

  setQuality(link: VirtualLink, changed: Partial<LinkQuality>): void {
    link.quality = { ...link.quality, ...changed };
    for (const side of [0, 1] as const) {
      const end = link.ends[side];
      if (!end.links.has(link.indexes[side])) continue;
      end.router.linkQuality(link.indexes[side], link.quality, this.now);
      this.settle(end);
    }
  }

  after(delay: number, run: () => void): void {
    const at = this.now + delay;
    // Latest first; what is due at the same time in the order in which it came.
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as Event).at > at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { at, run });
  }

  /** Runs for this long. */
  run(duration: number): void {
    const end = this.now + duration;
    for (;;) {
      const next = this.#events.at(-1);
      let first: NetNode | undefined;
      let due = Number.POSITIVE_INFINITY;
      for (const node of this.nodes.values()) {
        const wants = node.wakesAt;
        if (wants >= due) continue;
        due = wants;
        first = node;
      }
      const at = Math.min(next?.at ?? Number.POSITIVE_INFINITY, due);
      if (at > end) break;
      this.now = Math.max(this.now, at);
      if (next && next.at <= due) {
        this.#events.pop();
        next.run();
      } else if (first) {
        first.router.handleTimeout(this.now);
        this.settle(first);
      }
    }
    this.now = end;
  }

  /** Takes the node's outputs, delivers its frames, and checks it. */
  settle(node: NetNode): void {
    let hasMoved = false;
    for (let output = node.router.poll(); output; output = node.router.poll()) {
      if (output.kind === 'sync') this.#send(node, output);
      else if (output.kind === 'direct') this.#noteDirect(node, output.neighbour, output.link, output.classes);
      else if (output.kind === 'route') {
        const { trafficClass, layer, byte, primary, backup } = output;
        const key = slotName(trafficClass, layer, byte);
        node.table.set(key, { trafficClass, layer, byte, primary, backup });
        node.changes.set(key, (node.changes.get(key) ?? 0) + 1);
        hasMoved = true;
      }
    }
    node.wakesAt = node.router.nextTimeout();
    this.#checkLabels(node);
    if (hasMoved) this.#checkCycles(node);
  }

  #noteDirect(node: NetNode, neighbour: NodeId, link: number, classes: number): void {
    if (classes === 0) node.direct.delete(neighbour);
    else node.direct.set(neighbour, { link, classes });
    const peer = node.peer(link);
    if (classes !== 0 && peer?.id !== neighbour)
      this.#violation(node, 'direct', 'packets go straight to somebody else');
  }

  #send(node: NetNode, output: RouterOutput & { kind: 'sync' }): void {
    const link = node.links.get(output.link);
    if (!link) return;
    const bytes = toBinary(
      ControlSchema,
      create(ControlSchema, { body: { case: 'routingSync', value: output.message } }),
    );
    this.frames++;
    this.bytes += bytes.length + HEADERS_BYTES;
    this.largest = Math.max(this.largest, bytes.length);
    if (bytes.length > BASE_MTU - HEADERS_BYTES) this.violations.push(`a control message of ${bytes.length} bytes`);
    if (!link.passes || this.random.chance(this.loss)) return;
    const side = link.ends[0] === node ? 0 : 1;
    const to = link.ends[1 - side] as NetNode;
    const delay = link.delay + this.random.unit() * (this.#options.jitter ?? 0);
    this.after(delay, () => {
      if (!link.passes || !to.alive) return;
      const { body } = fromBinary(ControlSchema, bytes);
      if (body.case !== 'routingSync' || !this.filter(node.id, to.id, body.value)) return;
      if (!to.router.handleSync(link.indexes[1 - side] as number, body.value, this.now))
        this.violations.push(`${formatNodeId(to.id)} refused a message of ${formatNodeId(node.id)}`);
      this.settle(to);
    });
  }

  #checkLabels(node: NetNode): void {
    for (const [key, { trafficClass, layer, byte, primary, backup }] of node.table) {
      const entry = node.router.entry(layer, byte, trafficClass);
      if (entry.primary !== primary || entry.backup !== backup) this.#violation(node, key, 'is not as it was stored');
      const { label } = entry;
      const before = node.labels.get(key);
      if (before && (!label || isLarger(label, before))) this.#violation(node, key, 'its label rose');
      if (label) node.labels.set(key, label);
      for (const link of [primary, backup]) {
        const hop = link ? node.peer(link) : undefined;
        if (!hop?.alive || isOrigin(hop, node, layer, byte)) continue;
        const next = hop.router.entry(layer, byte, trafficClass).label;
        if (!label || !next || !isLarger(label, next))
          this.#violation(node, key, `next hop ${formatNodeId(hop.id)} has no smaller label`);
      }
    }
  }

  #checkCycles(node: NetNode): void {
    for (const [key, { layer, byte }] of node.table) {
      const seen = new Set<NetNode>();
      const walk = (at: NetNode): boolean => {
        const route = at.table.get(key);
        for (const link of [route?.primary, route?.backup]) {
          const hop = link ? at.peer(link) : undefined;
          if (!hop?.alive || isOrigin(hop, at, layer, byte)) continue;
          if (hop === node) return true;
          if (seen.has(hop)) continue;
          seen.add(hop);
          if (walk(hop)) return true;
        }
        return false;
      };
      if (walk(node)) this.#violation(node, key, 'is in a cycle');
    }
  }

  #violation(node: NetNode, key: string, what: string): void {
    if (this.violations.length < 50)
      this.violations.push(`${this.now.toFixed(1)} ${formatNodeId(node.id)} ${key}: ${what}`);
  }

  /** What is wrong with the tables against the graph of links: empty when everything that can be routed is, and nothing else. */
  unconverged(): string[] {
    const problems: string[] = [];
    for (const node of this.nodes.values()) {
      for (const layer of LAYERS) {
        const reachable = this.#reachableSlots(node, layer);
        for (const byte of reachable)
          for (const trafficClass of TRAFFIC_CLASSES)
            if (!node.table.get(slotName(trafficClass, layer, byte))?.primary)
              problems.push(`${formatNodeId(node.id)} has no route to ${slotName(trafficClass, layer, byte)}`);
        for (const route of node.table.values())
          if (route.layer === layer && route.primary && !reachable.has(route.byte))
            problems.push(
              `${formatNodeId(node.id)} has a ghost route to ${slotName(route.trafficClass, layer, route.byte)}`,
            );
      }
    }
    return problems;
  }

  /** The bytes of the layer that some chain of nodes with the same leading bytes leads to. */
  #reachableSlots(node: NetNode, layer: Layer): Set<number> {
    const bytes = new Set<number>();
    const seen = new Set<NetNode>([node]);
    const queue = [node];
    for (let at = queue.pop(); at; at = queue.pop()) {
      for (const [index, link] of at.links) {
        const other = at.peer(index);
        if (!other?.alive || !link.passes || sharedBytes(node.id, other.id) < layer - 1) continue;
        const byte = idByte(other.id, layer);
        if (byte !== idByte(node.id, layer)) bytes.add(byte);
        if (seen.has(other)) continue;
        seen.add(other);
        queue.push(other);
      }
    }
    return bytes;
  }
}

/** A slot of the low-latency class is named without it. */
const slotName = (trafficClass: number, layer: number, byte: number): string =>
  `${trafficClass === 0 ? '' : `${trafficClass}:`}${layer}/${byte}`;

function isLarger(a: Label, b: Label): boolean {
  return a.seqno < b.seqno || (a.seqno === b.seqno && a.distance > b.distance);
}

function isOrigin(hop: NetNode, user: NetNode, layer: number, byte: number): boolean {
  return sharedBytes(hop.id, user.id) === layer - 1 && idByte(hop.id, layer as Layer) === byte;
}
