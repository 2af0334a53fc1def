/**
 * The watch: shows the checker what nodes really do. It reads next hops from the forwarding tables themselves, never from what control
 * says that it wrote, and finds out by the keys of sessions which incarnation is at the other end of a link.
 */
import type { NodeId } from '../kit/node-id.js';
import { backupOf, primaryOf } from '../memory/forwarding-table.js';
import { CLASSES } from '../memory/region.js';
import type { CheckedLabel, Checker, Vertex } from './checker.js';

/** What the watch must see of a node. */
export interface WatchedNode {
  readonly id: NodeId;
  readonly vertex: Vertex;
  /** The words of its forwarding table. */
  readonly forwarding: Int32Array;
  /** The link to which its direct table leads packets for a destination, 0: none. */
  directLink(destination: NodeId, trafficClass: number): number;
  /** The router's own label of a slot, for sweeps. */
  labelOf(layer: number, byte: number, trafficClass: number): CheckedLabel | undefined;
}

export class Watch {
  readonly checker: Checker;
  /** Transmit key of a session's end -> the incarnation that sends with it. */
  readonly #senders = new Map<string, Vertex>();
  /** Incarnation -> link index -> receive key of the session that the index stands for. */
  readonly #links = new Map<Vertex, Map<number, string>>();

  constructor(checker: Checker) {
    this.checker = checker;
  }

  /** A session was installed at `vertex` under the link index `link`. */
  installed(vertex: Vertex, link: number, rxKey: Uint8Array, txKey: Uint8Array): void {
    this.#senders.set(keyText(txKey), vertex);
    const links = this.#links.get(vertex);
    if (links) links.set(link, keyText(rxKey));
    else this.#links.set(vertex, new Map([[link, keyText(rxKey)]]));
  }

  /** Who is at the other end of a link: 0 when nobody has the session's keys. */
  peerOf(vertex: Vertex, link: number): Vertex {
    const rxKey = link === 0 ? undefined : this.#links.get(vertex)?.get(link);
    return rxKey === undefined ? 0 : (this.#senders.get(rxKey) ?? 0);
  }

  /** The word at `slot` of the node's table may have changed. */
  look(node: WatchedNode, slot: number): void {
    const word = node.forwarding[slot] as number;
    const primary = this.peerOf(node.vertex, primaryOf(word));
    const backup = this.peerOf(node.vertex, backupOf(word));
    this.checker.setNext(node.vertex, slot >>> 10, ((slot >>> 8) & 3) + 1, slot & 255, { primary, backup });
  }

  /** What the node's direct table says of a destination may have changed. */
  lookDirect(node: WatchedNode, destination: NodeId): void {
    for (let trafficClass = 0; trafficClass < CLASSES; trafficClass++) {
      const head = this.peerOf(node.vertex, node.directLink(destination, trafficClass));
      if (head !== 0) this.checker.checkDirect(node.vertex, trafficClass, destination, head);
    }
  }

  /** Looks at every word of the table, and compares every label with what was reported of it. */
  sweep(node: WatchedNode): void {
    if (this.checker.isLeaf(node.vertex)) return;
    for (let slot = 0; slot < node.forwarding.length; slot++) {
      // A word that was never written is 0; one that lost its route still has a generation.
      if (node.forwarding[slot] === 0) continue;
      const layer = ((slot >>> 8) & 3) + 1;
      this.look(node, slot);
      const label = node.labelOf(layer, slot & 255, slot >>> 10);
      this.checker.setLabel(node.vertex, slot >>> 10, layer, slot & 255, label);
    }
    this.checker.settle(node.vertex);
  }

  died(vertex: Vertex): void {
    this.checker.removeVertex(vertex);
  }
}

function keyText(key: Uint8Array): string {
  let text = '';
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}
