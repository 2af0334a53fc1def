/** The link table as the TCP port sees it: which links are carried over connections, and over which. */
import { readHost, readPort } from '../../memory/address.js';
import {
  LINK_ADDRESS_FAMILY,
  LINK_OUR_NUMBER,
  LINK_PEER_NUMBER,
  LINK_PORT_KIND,
  LINK_STATE,
  LinkState,
  PortKind,
} from '../../memory/link-table.js';
import { LINK_ENTRY_BYTES, type Region } from '../../memory/region.js';

/** What tells connections apart: the other end's address, in one spelling. */
export const connectionKey = (host: string, port: number): string => `${host} ${port}`;

export class TcpLinks {
  readonly #links: number;
  readonly #words: Int32Array;
  readonly #view: DataView;
  /** By link: the key, and the session for which it holds. */
  readonly #keys: ({ readonly number: number; readonly key: string } | undefined)[] = [];

  constructor({ buffer, layout }: Region) {
    const bytes = layout.links * LINK_ENTRY_BYTES;
    this.#links = layout.links;
    this.#words = new Int32Array(buffer, layout.linkEntries, bytes / 4);
    this.#view = new DataView(buffer, layout.linkEntries, bytes);
  }

  /** Whether the link is live, and over TCP. */
  has(link: number): boolean {
    if (link <= 0 || link >= this.#links) return false;
    const entry = (link * LINK_ENTRY_BYTES) / 4;
    return (
      Atomics.load(this.#words, entry + LINK_STATE / 4) === LinkState.Live &&
      this.#words[entry + LINK_PORT_KIND / 4] === PortKind.Tcp
    );
  }

  /** Our number for the link, generation included, and the peer's. */
  ourNumber(link: number): number {
    return this.#words[(link * LINK_ENTRY_BYTES + LINK_OUR_NUMBER) / 4] as number;
  }

  peerNumber(link: number): number {
    return this.#words[(link * LINK_ENTRY_BYTES + LINK_PEER_NUMBER) / 4] as number;
  }

  /** Which connection carries a live link. */
  keyOf(link: number): string {
    const number = this.ourNumber(link);
    const known = this.#keys[link];
    if (known?.number === number) return known.key;
    const address = link * LINK_ENTRY_BYTES + LINK_ADDRESS_FAMILY;
    const key = connectionKey(readHost(this.#view, address), readPort(this.#view, address));
    this.#keys[link] = { number, key };
    return key;
  }

  /** All that are live. */
  *live(): Generator<number> {
    for (let link = 1; link < this.#links; link++) if (this.has(link)) yield link;
  }

  /** The live links that a connection carries. */
  over(key: string): number[] {
    return [...this.live()].filter((link) => this.keyOf(link) === key);
  }
}
