/**
 * What workers let handshake frames pass by: so many of them a second, and the network's handshake key, so that a forged one dies in the worker.
 *
 * ```
 *   header word  33 bit 1    40           42  43  44  45
 *                is known    fingerprint  handshake key, 16 bytes
 * ```
 * Who writes: the control thread, once, before any worker attaches. Who reads: workers.
 */
import { HEADER_WORD_FINGERPRINT, HEADER_WORD_FLAGS, HEADER_WORD_HANDSHAKE_KEY, type Region } from './region.js';

/** Set in the region's flags when the handshake key is there; without it all handshake frames are of another network. */
export const NODE_FLAG_KEYED = 2;

/**
 * Handshake frames with a good tag that a worker hands up, a second and at once. Opening one costs the control thread about 50 µs, and it answers
 * 2000 a second (ts/control/links/admission.ts). The burst is a storm's: each of some thousand leaves dials, and soon repeats itself.
 */
export const HANDSHAKE_RATE = 2000;
export const HANDSHAKE_BURST = 2048;
/** The same for frames of another network: anybody can make them, and they serve as hints for people only. */
export const FOREIGN_HANDSHAKE_RATE = 50;
export const FOREIGN_HANDSHAKE_BURST = 50;

/** As ts/wire/session-keys.ts derives it from the network key. */
export interface HandshakeSecrets {
  /** 16 bytes. */
  readonly handshakeKey: Uint8Array;
  /** 32 bits. */
  readonly fingerprint: number;
}

/** Before any worker attaches. */
export function storeHandshakeKey({ buffer }: Region, { handshakeKey, fingerprint }: HandshakeSecrets): void {
  const header = new Int32Array(buffer);
  header[HEADER_WORD_FINGERPRINT] = fingerprint;
  new Uint8Array(buffer, 4 * HEADER_WORD_HANDSHAKE_KEY, 16).set(handshakeKey);
  Atomics.or(header, HEADER_WORD_FLAGS, NODE_FLAG_KEYED);
}
