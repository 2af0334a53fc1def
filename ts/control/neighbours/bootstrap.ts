import type { NodeId } from '../../kit/node-id.js';
import type { BootstrapAddress, JobResult, PeerAddress } from '../io.js';
import type { JobOwner } from '../links/links.js';
import type { LinkAccess, LinkedPeers } from './linked.js';
import type { Prober } from './prober.js';

/** While there is no link, they are asked this often, ms. */
const SEEK_EVERY_MS = 1_000;

/**
 * The nodes that people have named to begin with. They are dialed while there is no link at all; later they are asked now and then whether they are there,
 * until they are known: so two networks that have named each other become one, whichever was there first.
 */
export class Bootstrap {
  readonly #all: readonly BootstrapAddress[];
  readonly #links: LinkAccess;
  readonly #linked: LinkedPeers;
  readonly #prober: Prober;
  #soughtAt = -Infinity;

  constructor(all: readonly BootstrapAddress[], links: LinkAccess, linked: LinkedPeers, prober: Prober) {
    this.#all = all;
    this.#links = links;
    this.#linked = linked;
    this.#prober = prober;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** The addresses by id, as far as that is known. */
  peers(): Map<NodeId, PeerAddress[]> {
    const peers = new Map<NodeId, PeerAddress[]>();
    for (const { id, ...address } of this.#all)
      if (id !== undefined) peers.set(id, [...(peers.get(id) ?? []), { id, ...address }]);
    return peers;
  }

  /** While there is no link at all: asks them now and then. */
  seekAlone(now: number): void {
    if (now < this.#soughtAt + SEEK_EVERY_MS) return;
    this.#soughtAt = now;
    this.seek(now);
  }

  /** Asks those that have no link whether they are there. */
  seek(now: number): void {
    for (const { id, scheme, host, port } of this.#all) {
      if (scheme !== 'udp' || (id !== undefined && this.#linked.find(id))) continue;
      const owner: JobOwner = { handleJobDone: (result, later) => this.#probe(id, result, Math.max(now, later)) };
      this.#links.resolve({ scheme, host, port }, owner);
    }
  }

  #probe(id: NodeId | undefined, result: JobResult, now: number): void {
    if ('error' in result) return; // it is asked for again
    for (const address of result.addresses) this.#prober.probe(id, address, now);
  }
}
