/**
 * Handshake frames: link number 0, protocol Link, counter 0; the label is the fingerprint of the network key, and the tag is made with
 * the handshake key, over the whole frame. So a frame of another network is told from a spoofed or damaged one.
 */
import type { NodeId } from '../kit/node-id.js';
import { makeFrame, readHeaders } from './frame.js';
import {
  decodeHandshake,
  encodeHandshake,
  type ForeignMessage,
  type HandshakeMessage,
  MAX_HANDSHAKE_BYTES,
} from './handshake.js';
import { FrameType } from './link-header.js';
import { HEADERS_BYTES, Protocol } from './network-header.js';
import type { NetworkSecrets } from './session-keys.js';
import { checkTag, tagKey, writeTag } from './tag.js';

/** What a handshake frame turned out to be. */
export type OpenedHandshake =
  | { readonly kind: 'authentic'; readonly message: HandshakeMessage | ForeignMessage }
  /** Of another network key: readable, but anybody may have written it. */
  | { readonly kind: 'otherNetwork'; readonly message: HandshakeMessage | ForeignMessage }
  /** Our fingerprint, but a wrong tag. */
  | { readonly kind: 'badTag' }
  | { readonly kind: 'malformed' };

/** Writes handshake frames and opens them, for one network key. */
export class HandshakeFrames {
  readonly #key: ReturnType<typeof tagKey>;
  readonly #fingerprint: number;

  constructor(secrets: NetworkSecrets) {
    this.#key = tagKey(secrets.handshakeKey);
    this.#fingerprint = secrets.fingerprint;
  }

  /** A whole frame, tagged. `destination` is 0 when it is not known. */
  seal(message: HandshakeMessage, source: NodeId, destination: NodeId): Uint8Array {
    const frame = makeFrame(
      { type: FrameType.Handshake, ttl: 1, label: this.#fingerprint, protocol: Protocol.Link, source, destination },
      encodeHandshake(message),
    );
    writeTag(new DataView(frame.buffer), 0, frame.byteLength, this.#key, 0);
    return frame;
  }

  /** Reads any bytes. */
  open(frame: Uint8Array): OpenedHandshake {
    const headers = readHeaders(frame);
    if (typeof headers === 'string' || headers.type !== FrameType.Handshake || headers.protocol !== Protocol.Link)
      return { kind: 'malformed' };
    if (frame.byteLength > HEADERS_BYTES + MAX_HANDSHAKE_BYTES) return { kind: 'malformed' };
    const ours = headers.label === this.#fingerprint;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    if (ours && !checkTag(view, 0, frame.byteLength, this.#key, 0)) return { kind: 'badTag' };
    const message = decodeHandshake(frame.slice(HEADERS_BYTES));
    if (message === 'malformed') return { kind: 'malformed' };
    return { kind: ours ? 'authentic' : 'otherNetwork', message };
  }
}
