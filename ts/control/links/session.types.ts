import type { NodeId } from '../../kit/node-id.js';
import type { ControlMessage } from '../../wire/control.js';
import type { TrainMessage } from '../../wire/trains.js';
import type { NodeRole, TransportAddress } from '../io.js';
import type { Session } from './session.js';

/** What both ends have agreed on. */
export interface SessionTerms {
  readonly link: number;
  readonly ourNumber: number;
  readonly peerNumber: number;
  readonly peer: NodeId;
  readonly peerRole: NodeRole;
  readonly bootEpoch: number;
  readonly weDialed: boolean;
  readonly dialerNonce: Uint8Array;
  readonly sessionId: string;
  readonly rxKey: Uint8Array;
  readonly txKey: Uint8Array;
  readonly socket: number;
  readonly address: TransportAddress;
  /** Of a member of a bundle: the link index of its main session. */
  readonly bundleOf?: number;
}

/** What waits until the session is ready. */
export type HeldMessage = Exclude<ControlMessage, TrainMessage>;

/** What speaks to the peer. */
export interface ControlSender {
  sendControl(message: ControlMessage): void;
}

/** Whoever must know what becomes of a session. */
export interface SessionOwner {
  /** The first authenticated frame came. */
  established(session: Session, now: number): void;
  /** The first round-trip time is known. */
  ready(session: Session, now: number): void;
  rttChanged(session: Session, now: number): void;
  /** It carries data, and did not before. */
  busy(session: Session, now: number): void;
  /** It must end. */
  lost(session: Session, problem: 'noAnswer' | 'silent' | 'disconnected' | 'oneWay', now: number): void;
}
