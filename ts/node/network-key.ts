/**
 * The network key: 32 bytes that all nodes of a network share. It is given as 64 hexadecimal digits or as 32 bytes, which are the key itself,
 * or as a passphrase, from which scrypt (RFC 7914; N = 2^15, r = 8, p = 1, salt "portolan network key v1") makes it: slow by
 * intention, so that a recorded handshake does not give short passphrases away in bulk.
 *
 * A node without a key is in the open network, whose key everybody knows: the tags then catch accidents and not attackers.
 */
import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { invalidOption } from './errors.js';

export const NETWORK_KEY_BYTES = 32;
export const MIN_PASSPHRASE_LENGTH = 12;

const SALT = 'portolan network key v1';
const OPEN_NETWORK = new TextEncoder().encode('portolan: the open network, v1  ');
const HEX_KEY = /^[0-9a-fA-F]{64}$/;

/** Checks the form of a key, without deriving anything yet. */
export function checkNetworkKey(key: unknown, option = 'networkKey'): string | Uint8Array | undefined {
  if (key === undefined) return undefined;
  if (key instanceof Uint8Array) {
    if (key.byteLength === NETWORK_KEY_BYTES) return key;
  } else if (typeof key === 'string' && key.length >= MIN_PASSPHRASE_LENGTH) return key;
  const expected = `64 hexadecimal digits, ${NETWORK_KEY_BYTES} bytes, or a passphrase of at least ${MIN_PASSPHRASE_LENGTH} characters`;
  // The text itself may be a mistyped secret: only its length is told.
  throw invalidOption(option, expected, typeof key === 'string' ? new TextEncoder().encode(key) : key);
}

/** The 32 bytes of a key that {@link checkNetworkKey} has let pass. */
export async function deriveNetworkKey(key: string | Uint8Array | undefined): Promise<Uint8Array> {
  if (key === undefined) return OPEN_NETWORK;
  if (key instanceof Uint8Array) return Uint8Array.from(key);
  if (HEX_KEY.test(key)) return Uint8Array.from(Buffer.from(key, 'hex'));
  const derive = promisify<string, string, number, object, Buffer>(scrypt);
  return Uint8Array.from(
    await derive(key.normalize('NFC'), SALT, NETWORK_KEY_BYTES, { N: 32_768, r: 8, p: 1, maxmem: 64 << 20 }),
  );
}
