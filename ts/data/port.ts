/**
 * A port: how a worker's batches come from the network and go back to it. The native UDP port (edge/native) and the portable one over
 * dgram (edge/portable) both are one, and so is the one for TCP (edge/tcp); each has its own link entries.
 *
 * All ports check frames in the same order and count drops under the same names: length (`truncated`), version, type, link number
 * (`unknownLink`), size (`oversize`: more than MAX_MTU, whatever the link's own MTU, which is for what is sent; hellos may be longer: they
 * probe it), tag, replay. Handshake frames must have link number 0
 * (`unknownLink`) and go up unverified. They also count `received`, `receivedBytes`, `receiveCalls`, `sent`, `sentBytes`, `sendCalls`, and
 * `forwarded` for what was sent of runs of kind Data, so that a packet lost in sending is not counted twice. What
 * comes and goes by the local sockets of port forwards is in none of these: there the stages count originated and delivered.
 */
import type { ErrorName } from '../wire/error-payload.js';

/** A UDP program, by its address. */
export interface LocalPeer {
  readonly host: string;
  readonly port: number;
}

/** One thread's port. It fills the batch that it was opened with. */
export interface Port {
  /**
   * Fills the batch, from run 0, with what waits; or sleeps until something comes, a wake-up, or `waitMs` have passed (0: never
   * sleeps). Returns the number of runs. Also stamps the links' last-heard times and the batch's time. Invalid frames are counted
   * and left out.
   */
  receive(waitMs: number): number;

  /**
   * Sends all runs whose verdict is Forward or Raw, a link's runs together and in order. Whatever cannot be sent is counted.
   * Afterwards the batch and its slab may be used again, except for blocks that the port itself holds back because a socket was full.
   * Returns the number of packets sent.
   */
  send(): number;

  /**
   * Finishes run `index` of the batch, whose verdict is Forward, where it lies, as {@link send} would, and does not send it: it becomes a run to be
   * sent Raw, by its link's socket to its link's address, whose frames may also be kept and sent in a later batch. What must not leave
   * (`unknownLink`, `oversize`, `ttlExceeded`) is counted and left out; a run of which nothing is left is Done. What is left counts as sent
   * into the link, and as `forwarded` if it is of kind Data: of a frame that is lost from here on, the receiver misses the counter.
   */
  seal(index: number): void;

  /**
   * Room in the slab for a packet that starts here, of at most `bytes` (up to 65 600): its offset, or -1 when there is none before
   * the next send. The caller appends packet and run to the batch.
   */
  reserve(bytes: number): number;

  /**
   * Opens a plain UDP socket for a port forward. Its datagrams come as Raw runs (one sender a run) whose link word is the socket's number, each
   * with room for the two headers in front of it; a run with verdict Raw and that number as argument is sent from it.
   * Throws an Error with a `code` (EADDRINUSE, ...) when it cannot. With a `peer` it talks to that program only, and a run of kind Refused
   * comes when the system has told that nobody is there.
   */
  openLocal(host: string, port: number, peer?: LocalPeer): number;

  /** The UDP port to which a socket of {@link openLocal} is bound. */
  boundPort(socket: number): number;

  /**
   * Tells a program what became of a datagram that it has sent to `port`, as ICMP does (`portUnreachable`: ECONNREFUSED at the program). False: this port or this
   * process cannot, or there is no such message.
   */
  tellUnreachable(program: LocalPeer, port: LocalPeer, error: ErrorName): boolean;

  closeLocal(socket: number): void;

  /**
   * Ports over connections: the links whose connection has ended since the last call. The liveness stage takes them down at once. Absent where
   * silence is the only sign.
   */
  takeBroken?(): readonly number[];

  /** Ports that keep frames back from a slow receiver: the node closes, so these leave with the next {@link send}. */
  hurry?(): void;

  /** Closes what the port itself opened. The node's listening sockets stay open: they belong to the process. */
  close(): void;
}
