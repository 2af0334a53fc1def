/**
 * Holds the pin tables of all nodes to what was asked of them. It reads the tables in shared memory, and knows leases from messages (pin-ledger.ts).
 *
 * - An entry lies at the index of its label, and names live links.
 * - There are no more entries from one neighbour to another, for a destination in a class, than leases that have not run out.
 * - Where labels lead from a source, entry by entry and node by node, is a path that it asked for, to that destination in that class: the whole of it, or as far as
 *   all nodes still know it.
 * - A label is known to the node that grants it, before its grant leaves.
 */
import { formatNodeId, type NodeId } from '../../kit/node-id.js';
import type { Region } from '../../memory/region.js';
import type { Vertex } from '../checker.js';
import { type Lease, PIN_LEASE_MS, type PinLedger } from './pin-ledger.js';
import { type PinEntry, PinReader } from './pin-reader.js';

export interface PinnedNode {
  readonly id: NodeId;
  readonly vertex: Vertex;
  readonly region: Region;
}

export interface PinCheckerHost {
  /** The incarnation at the other end of a link, as the keys of its session tell; 0: nobody. */
  peerOf(vertex: Vertex, link: number): Vertex;
  idOf(vertex: Vertex): NodeId;
  report(text: string): void;
}

interface Known extends PinnedNode {
  readonly reader: PinReader;
}

export class PinChecker {
  /** Entries that were looked at, and paths that were followed to their destination. */
  readonly sums = { entries: 0, paths: 0 };
  readonly #host: PinCheckerHost;
  readonly #ledger: PinLedger;
  readonly #nodes = new Map<Vertex, Known>();

  constructor(host: PinCheckerHost, ledger: PinLedger) {
    this.#host = host;
    this.#ledger = ledger;
  }

  add(node: PinnedNode): void {
    this.#nodes.set(node.vertex, {
      id: node.id,
      vertex: node.vertex,
      region: node.region,
      reader: new PinReader(node.region),
    });
  }

  died(vertex: Vertex): void {
    this.#nodes.delete(vertex);
  }

  /** Looks at the tables of all nodes; between two events, when everything that follows from one has happened. */
  look(now: number): void {
    for (const node of this.#nodes.values()) {
      const entries = node.reader.entries();
      if (entries.length === 0) continue;
      this.sums.entries += entries.length;
      for (const entry of entries) this.#checkPlace(node, entry);
      this.#checkLeases(node, entries, now);
      for (const entry of entries) if (entry.inLink === 0) this.#follow(node, entry);
    }
  }

  /** Nodes that keep entries, a sentence each. */
  kept(): string[] {
    return [...this.#nodes.values()].flatMap((node) => {
      const { length } = node.reader.entries();
      return length === 0
        ? []
        : [`${formatNodeId(node.id)} keeps ${length} pinned paths that nobody asks for any more`];
    });
  }

  /** A grant of `label` leaves the incarnation. */
  granted(vertex: Vertex, label: number): void {
    if (label !== 0 && !this.#nodes.get(vertex)?.reader.entryOf(label))
      this.#host.report(`${this.#name(vertex)} grants label ${label}, which it does not know itself`);
  }

  /** A labelled packet for `destination` has come to the incarnation by one of its links. */
  arrived(vertex: Vertex, link: number, label: number, destination: NodeId, trafficClass: number): void {
    const node = this.#nodes.get(vertex);
    const entry = node?.reader.entryOf(label);
    if (!node || entry?.inLink !== node.reader.mainOf(link)) return; // it goes on by the table
    if (entry.destination !== destination || entry.trafficClass !== trafficClass)
      this.#wrong(node, entry, `takes a packet to ${formatNodeId(destination)} in class ${trafficClass}`);
  }

  #checkPlace(node: Known, entry: PinEntry): void {
    if ((entry.label & 0xfff) !== entry.index) this.#wrong(node, entry, `lies at index ${entry.index}`);
    for (const link of [entry.inLink, entry.outLink])
      if (link !== 0 && !node.reader.isLive(link)) this.#wrong(node, entry, `names link ${link}, which has gone`);
  }

  #checkLeases(node: Known, entries: readonly PinEntry[], now: number): void {
    const leases = new Map<string, number>();
    for (const lease of this.#ledger.leases(node.vertex, now)) {
      const key = leaseKey(lease);
      leases.set(key, (leases.get(key) ?? 0) + 1);
    }
    for (const entry of entries) {
      const previous = entry.inLink === 0 ? 0 : this.#peer(node, entry.inLink);
      const key = keyOf(previous, this.#peer(node, entry.outLink), entry.destination, entry.trafficClass);
      const left = leases.get(key) ?? 0;
      leases.set(key, left - 1);
      if (left <= 0)
        this.#wrong(node, entry, `is kept, though nobody has asked for it within ${PIN_LEASE_MS / 1000} s`);
    }
  }

  /** From a source's own entry, label by label. */
  #follow(source: Known, own: PinEntry): void {
    const path = [source.id];
    let [node, entry] = [source, own];
    for (;;) {
      const next = this.#host.peerOf(node.vertex, entry.outLink);
      path.push(this.#host.idOf(next));
      const asked = this.#ledger.asked(source.vertex, own.destination, own.trafficClass);
      if (!asked.some((one) => path.every((id, place) => one[place] === id))) {
        const way = path.map(formatNodeId).join(' > ');
        return this.#wrong(source, own, `leads where the source has asked for no path: ${way}`);
      }
      if (entry.outLabel === 0) {
        if (path.at(-1) !== own.destination) this.#wrong(source, own, `ends at ${formatNodeId(path.at(-1) ?? 0)}`);
        else this.sums.paths++;
        return;
      }
      const there = this.#nodes.get(next);
      const following = there?.reader.entryOf(entry.outLabel);
      // Not known there, or not on this link: packets go on by the table.
      if (!there || !following || this.#host.peerOf(next, following.inLink) !== node.vertex) return;
      if (following.destination !== own.destination || following.trafficClass !== own.trafficClass)
        return this.#wrong(there, following, `is reached by labels for ${formatNodeId(own.destination)}`);
      [node, entry] = [there, following];
    }
  }

  #peer(node: Known, link: number): NodeId {
    return this.#host.idOf(this.#host.peerOf(node.vertex, link));
  }

  #wrong({ vertex }: Known, { label, destination, trafficClass }: PinEntry, what: string): void {
    const entry = `label ${label} for ${formatNodeId(destination)} in class ${trafficClass}`;
    this.#host.report(`${this.#name(vertex)}: ${entry} ${what}`);
  }

  #name(vertex: Vertex): string {
    return `${formatNodeId(this.#host.idOf(vertex))}#${vertex}`;
  }
}

const keyOf = (previous: NodeId, next: NodeId, destination: NodeId, trafficClass: number): string =>
  `${previous} ${next} ${destination} ${trafficClass}`;

function leaseKey({ path, place, trafficClass }: Lease): string {
  const previous = place === 0 ? 0 : (path[place - 1] as NodeId);
  return keyOf(previous, path[place + 1] as NodeId, path.at(-1) as NodeId, trafficClass);
}
