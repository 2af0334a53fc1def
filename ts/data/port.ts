/**
 * A port: how a worker's batches come from the network and go back to it. The native UDP port (edge/native) and the portable one over
 * dgram (edge/portable) both are one; so will be the ports of other transports, each with its own link entries.
 *
 * Both check frames in the same order and count drops under the same names: length, version, type, link number, tag, replay.
 */

/** One thread's port. It fills the batch that it was opened with. */
export interface Port {
  /**
   * Fills the batch from run 0 with what waits, or sleeps until something comes, a wake-up, or `waitMs` have passed (0: never sleeps). Returns the number of runs.
   * Also stamps the links' last-heard times, and `BATCH_NOW`. Invalid frames are counted and left out.
   */
  receive(waitMs: number): number;

  /**
   * Sends all runs whose verdict is Forward or Raw: a link's runs together and in order. Whatever cannot be sent is counted. Afterwards the batch and its
   * slab may be used again, except for blocks that the port itself holds back (socket full). Returns the number of packets sent.
   */
  send(): number;

  /**
   * Room in the slab for a packet that starts here, for at least `bytes` (<= 65 536); -1 when there is none before the next send.
   * The caller appends packet and run to the batch itself (see `origin.ts`).
   */
  reserve(bytes: number): number;
}
