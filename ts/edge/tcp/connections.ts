/**
 * All connections of a node, by the address of their other end: dialed, accepted within limits, and closed when no session needs them.
 *
 * ```
 *   dialed or accepted ──> no link yet ──link installed──> carries a link ──its last link is gone──> closed
 *                              │                                │
 *                              └── 10 s (dialed: 5 s, connected or not), garbled, refused ──> closed <── the other end closes it
 * ```
 * So half-open connections and strangers who say nothing cost a descriptor for seconds, and a bounded number of them; and a connection that
 * went dead is not used for the next session.
 */
import { connect, type Socket } from 'node:net';
import { readHost, writeAddress } from '../../memory/address.js';
import { ADDRESS_BYTES } from '../../memory/batch.js';
import { COUNTER } from '../../memory/counter-names.js';
import type { CounterBlock } from '../../memory/counters.js';
import { Connection, type ConnectionEvents } from './connection.js';
import type { Chunks } from './out-queue.js';
import { connectionKey, type TcpLinks } from './tcp-links.js';

/** Accepted connections that have not authenticated themselves: in all, and of one address. */
export const MAX_STRANGERS = 1_024;
export const MAX_STRANGERS_OF_ADDRESS = 64;
/** Connections in all. */
const MAX_CONNECTIONS = 8_192;

/** How long a connection may be without a link before its first one, ms. */
export const ACCEPTED_PATIENCE_MS = 10_000;
const DIALED_PATIENCE_MS = 5_000;

export interface ConnectionsParts {
  readonly counters: CounterBlock;
  readonly links: TcpLinks;
  readonly chunks: Chunks;
  readonly events: ConnectionEvents;
}

export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #events: ConnectionEvents;
  readonly #open = new Map<string, Connection>();
  /** Accepted and not authenticated, by address. */
  readonly #strangers = new Map<string, number>();
  #strangersInAll = 0;
  readonly #scratch = new DataView(new ArrayBuffer(ADDRESS_BYTES));

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    this.#events = { ...parts.events, onClose: (connection) => this.#onClose(connection) };
  }

  find(key: string): Connection | undefined {
    return this.#open.get(key);
  }

  /** The open connection whose other end has this address. */
  at(address: string, port: number): Connection | undefined {
    return this.#open.get(this.#keyOf(address, port));
  }

  /** Takes a connection in that came to listening address `listener`; or refuses it, and counts that. */
  accept(socket: Socket, listener: number, now: number): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined) return void socket.destroy(); // it has ended already
    const key = this.#keyOf(address, port);
    const ofAddress = this.#strangers.get(address) ?? 0;
    if (
      this.#open.has(key) ||
      this.#open.size >= MAX_CONNECTIONS ||
      this.#strangersInAll >= MAX_STRANGERS ||
      ofAddress >= MAX_STRANGERS_OF_ADDRESS
    ) {
      this.#parts.counters.add(COUNTER.tcpRefused, 1);
      return void socket.destroy();
    }
    this.#strangers.set(address, ofAddress + 1);
    this.#strangersInAll++;
    this.#add(socket, { key, address, port, socket: listener }, now);
  }

  /** The connection to an address, dialed if there is none that can be used. */
  dial(address: string, port: number, now: number): Connection {
    const key = this.#keyOf(address, port);
    const known = this.#open.get(key);
    if (known !== undefined) {
      if (!known.isClosed && (!known.hasCarried || this.#parts.links.over(key).length > 0)) return known;
      // Its session is over, perhaps because nothing came by it any more.
      this.#open.delete(key);
      known.end();
    }
    return this.#add(connect({ host: address, port, noDelay: true }), { key, address, port, socket: -1 }, now);
  }

  /** The other end of a connection has the keys of a session. */
  authenticated(connection: Connection): void {
    if (!connection.isAuthentic) this.#isNoStranger(connection);
    connection.authenticated();
  }

  /** Closes what no session needs. */
  sweep(now: number): void {
    const { links } = this.#parts;
    const used = new Set<string>();
    if (this.#open.size > 0) for (const link of links.live()) used.add(links.keyOf(link));
    for (const [key, connection] of this.#open) {
      const { hasCarried, isConnecting, openedAt, remote } = connection;
      const patience = remote.socket < 0 ? DIALED_PATIENCE_MS : ACCEPTED_PATIENCE_MS;
      if (used.has(key)) connection.hasCarried = true;
      else if (isConnecting && now - openedAt > patience) connection.destroy();
      else if (hasCarried || now - openedAt > patience) connection.end();
    }
  }

  close(): void {
    for (const connection of this.#open.values()) connection.end();
  }

  #add(socket: Socket, remote: Connection['remote'], now: number): Connection {
    const connection = new Connection(socket, remote, this.#parts.chunks, now, this.#events);
    this.#open.set(remote.key, connection);
    return connection;
  }

  #onClose(connection: Connection): void {
    const { key } = connection.remote;
    if (!connection.isAuthentic) this.#isNoStranger(connection);
    const isReplaced = this.#open.get(key) !== connection;
    if (isReplaced) return; // by one that was dialed when no link went over this one any more
    this.#open.delete(key);
    this.#parts.events.onClose(connection);
  }

  #isNoStranger({ remote: { address, socket } }: Connection): void {
    if (socket < 0) return;
    const left = (this.#strangers.get(address) ?? 1) - 1;
    this.#strangersInAll--;
    if (left > 0) this.#strangers.set(address, left);
    else this.#strangers.delete(address);
  }

  /** Addresses have one spelling in keys: that of the link table. */
  #keyOf(address: string, port: number): string {
    writeAddress(this.#scratch, 0, address, port, 0);
    return connectionKey(readHost(this.#scratch, 0), port);
  }
}
