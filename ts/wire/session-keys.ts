/**
 * Keys from the network key: HKDF-SHA256 (RFC 5869) throughout.
 *
 * ```
 * handshake key   = HKDF(network key, no salt, "portolan handshake v1", 16)       tags handshake frames
 * fingerprint     = HKDF(network key, no salt, "portolan fingerprint v1", 4)      their label: tells other networks from noise
 * session         = HKDF(network key, dialer's nonce | listener's nonce, "portolan session v1" | dialer's id | listener's id | use, length)
 *                   use 0: the session's id, 8 bytes;  1: key of the dialer's frames, 16;  2: key of the listener's frames, 16
 * ```
 * Ids are four bytes, big-endian. Both nonces are fresh, so no two sessions share a key, and a replayed handshake yields keys that whoever
 * replayed it does not know.
 */
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { NodeId } from '../kit/node-id.js';

export const NETWORK_KEY_BYTES = 32;
export const NONCE_BYTES = 16;
export const SESSION_KEY_BYTES = 16;

/** What tags and labels handshake frames. */
export interface NetworkSecrets {
  readonly handshakeKey: Uint8Array;
  /** 32 bits. */
  readonly fingerprint: number;
}

/** One end's part in a session: its id and the nonce that it drew for it. */
export interface SessionEnd {
  readonly id: NodeId;
  readonly nonce: Uint8Array;
}

export interface SessionKeys {
  /** 16 hexadecimal digits, the same at both ends: for logs. */
  readonly sessionId: string;
  readonly dialerKey: Uint8Array;
  readonly listenerKey: Uint8Array;
}

/** Derives what all handshakes of a network share. */
export function networkSecrets(networkKey: Uint8Array): NetworkSecrets {
  const secret = extract(sha256, checked(networkKey));
  const fingerprint = expand(sha256, secret, text('portolan fingerprint v1'), 4);
  return {
    handshakeKey: expand(sha256, secret, text('portolan handshake v1'), SESSION_KEY_BYTES),
    fingerprint: new DataView(fingerprint.buffer, fingerprint.byteOffset).getUint32(0),
  };
}

/** Derives a session's keys; both ends come to the same. */
export function sessionKeys(networkKey: Uint8Array, dialer: SessionEnd, listener: SessionEnd): SessionKeys {
  const salt = new Uint8Array(2 * NONCE_BYTES);
  salt.set(dialer.nonce.subarray(0, NONCE_BYTES));
  salt.set(listener.nonce.subarray(0, NONCE_BYTES), NONCE_BYTES);
  const secret = extract(sha256, checked(networkKey), salt);
  const label = text('portolan session v1');
  const derive = (use: number, length: number) => {
    const info = new Uint8Array(label.byteLength + 9);
    info.set(label);
    const view = new DataView(info.buffer, label.byteLength);
    view.setUint32(0, dialer.id);
    view.setUint32(4, listener.id);
    view.setUint8(8, use);
    return expand(sha256, secret, info, length);
  };
  return {
    sessionId: Array.from(derive(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    dialerKey: derive(1, SESSION_KEY_BYTES),
    listenerKey: derive(2, SESSION_KEY_BYTES),
  };
}

function checked(networkKey: Uint8Array): Uint8Array {
  if (networkKey.byteLength !== NETWORK_KEY_BYTES)
    throw new RangeError(`a network key has ${NETWORK_KEY_BYTES} bytes, not ${networkKey.byteLength}`);
  return networkKey;
}

const text = (ascii: string): Uint8Array => Uint8Array.from(ascii, (character) => character.charCodeAt(0));
