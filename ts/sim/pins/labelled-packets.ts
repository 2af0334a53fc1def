/**
 * Follows every packet of the overlay hop by hop, by what leaves each node, and holds it to what pins promise:
 *
 * ```
 *   source ──label a──> relay ──label b──> relay ──0──> relay ──0──> destination
 *   └──── the hops of one path that the source ────┘└─── by tables: never labelled again, no node twice
 *         asked for, which names no node twice           as long as no next hop changes
 * ```
 * So a packet takes at most the hops of its path and of a way without a circle. A packet that left its source without a label never has one.
 */
import { formatNodeId, type NodeId } from '../../kit/node-id.js';
import { OFFSET_LABEL } from '../../wire/link-header.js';
import {
  OFFSET_CLASS,
  OFFSET_DESTINATION,
  OFFSET_PROTOCOL,
  OFFSET_SEQUENCE,
  OFFSET_SOURCE,
  Protocol,
} from '../../wire/network-header.js';
import type { Vertex } from '../checker.js';

/** How long a packet may be under way, ms: with reordering and queues, over 32 hops. */
const LIFETIME_MS = 30_000;

export interface LabelledSums {
  /** Packets that left their source with a label. */
  labelled: number;
  /** Of these, packets that went on by tables before the end of their path. */
  fellBack: number;
  /** Nodes that packets came to a second time after their path, because next hops changed under way. */
  revisits: number;
}

export interface PacketsHost {
  /** The paths to a destination in a class that an incarnation has asked for. */
  asked(vertex: Vertex, destination: NodeId, trafficClass: number): readonly (readonly NodeId[])[];
  /** Changes of next hops so far, of all nodes. */
  changes(): number;
  report(text: string): void;
}

interface Journey {
  readonly since: number;
  readonly text: string;
  /** Nodes that it left with a label, and the one that it went to then. */
  readonly hops: NodeId[];
  /** The paths that it may be on; empty: it goes by tables. */
  paths: readonly (readonly NodeId[])[];
  /** Incarnations that it left by tables. */
  readonly byTable: Set<Vertex>;
  /** Changes of next hops when it began to. */
  changes: number;
}

export class LabelledPackets {
  readonly sums: LabelledSums = { labelled: 0, fellBack: 0, revisits: 0 };
  readonly #host: PacketsHost;
  readonly #journeys = new Map<string, Journey>();

  constructor(host: PacketsHost) {
    this.#host = host;
  }

  /** A data frame, which lies at `at` in `view`, leaves the incarnation `vertex` of `self` for its neighbour `to`. */
  left(vertex: Vertex, self: NodeId, to: NodeId, view: DataView, at: number, now: number): void {
    const protocol = view.getUint8(at + OFFSET_PROTOCOL);
    if (protocol !== Protocol.EchoRequest && protocol !== Protocol.EchoReply) return; // errors have no numbers
    const label = view.getUint32(at + OFFSET_LABEL);
    const source = view.getUint32(at + OFFSET_SOURCE);
    const key = `${source} ${protocol} ${view.getUint32(at + OFFSET_SEQUENCE + 4)}`;
    const known = this.#journeys.get(key);
    if (known) return label === 0 ? this.#goByTable(known, vertex, to) : this.#goLabelled(known, to);
    const destination = view.getUint32(at + OFFSET_DESTINATION);
    const paths = label === 0 ? [] : this.#host.asked(vertex, destination, view.getUint8(at + OFFSET_CLASS));
    const text = `a packet from ${formatNodeId(source)} to ${formatNodeId(destination)}`;
    const journey: Journey = {
      since: now,
      text,
      hops: [self],
      paths,
      byTable: new Set(),
      changes: this.#host.changes(),
    };
    this.#journeys.set(key, journey);
    if (label === 0) return void journey.byTable.add(vertex);
    this.sums.labelled++;
    if (self !== source)
      this.#host.report(`${text} was given a label by ${formatNodeId(self)}, which is not its source`);
    this.#goLabelled(journey, to);
  }

  /** Forgets packets that cannot be under way any more. */
  forget(now: number): void {
    for (const [key, journey] of this.#journeys) {
      if (now - journey.since < LIFETIME_MS) return; // in the order of their beginning
      this.#journeys.delete(key);
    }
  }

  #goLabelled(journey: Journey, to: NodeId): void {
    const { text, hops, byTable } = journey;
    if (byTable.size > 0)
      return this.#host.report(
        `${text} carries a label again on the way to ${formatNodeId(to)}, after it went by tables`,
      );
    hops.push(to);
    journey.paths = journey.paths.filter((path) => path[hops.length - 1] === to);
    if (journey.paths.length > 0) return;
    this.#host.report(
      `${text} is led by labels where its source has asked for no path: ${hops.map(formatNodeId).join(' > ')}`,
    );
  }

  #goByTable(journey: Journey, vertex: Vertex, to: NodeId): void {
    const { hops, byTable, paths } = journey;
    if (byTable.has(vertex)) {
      this.sums.revisits++;
      if (journey.changes === this.#host.changes())
        this.#host.report(
          `${journey.text} comes twice to ${formatNodeId(to)} and its neighbour, though no next hop has changed`,
        );
      return;
    }
    if (byTable.size === 0) {
      journey.changes = this.#host.changes();
      const isLastHop = paths.some((path) => path.length === hops.length + 1 && path[hops.length] === to);
      if (!isLastHop) this.sums.fellBack++;
    }
    byTable.add(vertex);
  }
}
