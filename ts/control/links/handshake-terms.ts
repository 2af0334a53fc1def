import type { AcceptMessage, InitMessage } from '../../wire/handshake.js';
import { NONCE_BYTES, sessionKeys } from '../../wire/session-keys.js';
import type { Origin } from './acceptor.js';
import type { LinkServices } from './services.js';
import type { SessionTerms } from './session.js';

/** What two nonces settle, whichever session it is for: a peer's first one, or a member of a bundle. */
export type HandshakeTerms = Omit<SessionTerms, 'peer' | 'peerRole' | 'bootEpoch' | 'bundleOf'>;

/** Answers an Init under a link of this end: the terms of the session, and the Accept that tells the dialer of them. */
export function answerInit(
  { self, role, bootEpoch, networkKey, tags, entropy, frames }: LinkServices,
  link: { readonly index: number; readonly number: number },
  init: InitMessage,
  origin: Origin,
): { readonly terms: HandshakeTerms; readonly accept: Uint8Array } {
  const nonce = entropy(NONCE_BYTES);
  const keys = sessionKeys(networkKey, { id: init.id, nonce: init.nonce }, { id: self, nonce });
  const terms = {
    link: link.index,
    ourNumber: link.number,
    peerNumber: init.linkNumber,
    weDialed: false,
    dialerNonce: init.nonce,
    sessionId: keys.sessionId,
    rxKey: keys.dialerKey,
    txKey: keys.listenerKey,
    socket: origin.socket,
    address: origin.source,
  };
  const offer = { id: self, role, bootEpoch, nonce, dialerNonce: init.nonce, linkNumber: link.number, tags };
  return { terms, accept: frames.seal({ kind: 'accept', ...offer }, self, init.id) };
}

/** The terms of a session that this end has dialed, and whose Init was answered by whom it was meant for. */
export function acceptedTerms(
  { self, networkKey }: LinkServices,
  dialed: Pick<SessionTerms, 'link' | 'ourNumber' | 'dialerNonce' | 'socket' | 'address'>,
  accept: AcceptMessage,
): HandshakeTerms {
  const { link, ourNumber, dialerNonce, socket, address } = dialed;
  const keys = sessionKeys(networkKey, { id: self, nonce: dialerNonce }, { id: accept.id, nonce: accept.nonce });
  return {
    link,
    ourNumber,
    peerNumber: accept.linkNumber,
    weDialed: true,
    dialerNonce,
    sessionId: keys.sessionId,
    rxKey: keys.listenerKey,
    txKey: keys.dialerKey,
    socket,
    address,
  };
}
