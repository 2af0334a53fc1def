/** Links of several sessions in a simulated network: what happens to single sessions, and what must hold at the end. */
import type { LinkStatus } from '../control/io.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import { LINK_OUR_NUMBER, LINK_PEER_NUMBER } from '../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../memory/region.js';
import type { Reference } from './reference.js';
import type { World } from './world.js';

/** Members that are cut in the time of all faults, a node. */
const CUTS_A_NODE = 4;

/** Cuts single members, one direction or both, for a while: their frames are lost and all others pass. */
export class MemberCuts {
  readonly #world: World;
  readonly #random: Random;
  /** By host: the link numbers of which nothing arrives there. */
  readonly #lost = new Map<NodeId, Set<number>>();
  /** How many there were. */
  count = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    world.network.filter = (to, bytes, at) => this.#lost.get(to)?.has(bytes.getUint32(at + 4)) !== true;
  }

  schedule(span: { readonly from: number; readonly until: number }): void {
    for (let i = 0; i < CUTS_A_NODE * this.#world.ids.length; i++)
      this.#world.queue.at(span.from + this.#random.unit() * (span.until - span.from), () => this.#cutOne());
  }

  /** All members pass again. */
  heal(): void {
    this.#lost.clear();
  }

  #cutOne(): void {
    const { queue } = this.#world;
    const nodes = this.#world.liveNodes();
    const node = nodes[this.#random.below(Math.max(1, nodes.length))];
    const members = node?.members() ?? [];
    const member = members[this.#random.below(Math.max(1, members.length))];
    const [here, there, duration] = [this.#random.below(3), this.#random.below(3), 50 + this.#random.unit() * 4000];
    if (!node || !member) return;
    this.count++;
    this.#world.note(
      node.id,
      `a session of the link to ${formatNodeId(member.peer)} is cut for ${duration.toFixed(0)} ms`,
    );
    const ends: [NodeId, number][] = [];
    if (here > 0 || there === 0) ends.push([node.id, member.ourNumber]);
    if (there > 0) ends.push([member.peer, member.peerNumber]);
    for (const [host, number] of ends) this.#lost.set(host, (this.#lost.get(host) ?? new Set()).add(number));
    queue.after(duration, () => {
      for (const [host, number] of ends) this.#lost.get(host)?.delete(number);
    });
  }
}

/** A session besides the first one to a peer, with the numbers that both ends have given out. */
export interface Member {
  readonly peer: NodeId;
  readonly ourNumber: number;
  readonly peerNumber: number;
}

/** The members of a node's bundles that are up. */
export function membersOf({ buffer, layout }: Region, links: readonly LinkStatus[]): Member[] {
  const words = new Uint32Array(buffer, layout.linkEntries, (layout.links * LINK_ENTRY_BYTES) / 4);
  const word = (link: number, offset: number) => words[(link * LINK_ENTRY_BYTES + offset) / 4] as number;
  return links.flatMap(({ peer, members }) =>
    members
      .filter(({ state }) => state === 'up')
      .map(({ link }) => ({
        peer,
        ourNumber: word(link, LINK_OUR_NUMBER),
        peerNumber: word(link, LINK_PEER_NUMBER),
      })),
  );
}

/** Links between relays that are not whole. Sentences for people. */
export function missingMembers(world: World, reference: Reference, linksPerPeer: number): string[] {
  if (linksPerPeer === 1) return [];
  return world.liveNodes().flatMap((node) => {
    if (reference.leaves.has(node.id)) return [];
    const members = node.members();
    return reference
      .neighboursOf(node.id)
      .filter((peer) => !reference.leaves.has(peer))
      .filter((peer) => members.filter((member) => member.peer === peer).length !== linksPerPeer - 1)
      .map((peer) => `the link from ${formatNodeId(node.id)} to ${formatNodeId(peer)} is not whole`);
  });
}
