/**
 * What a node and a socket tell their owner. Ids are text, as in `1.1.1.2`.
 */
import type { LinkProblem } from '../control/io.js';
import type { TrafficClassName } from '../wire/network-header.js';
import type { PortolanError } from './errors.js';

export interface LinkEvent {
  readonly peer: string;
  /** As in `udp://127.0.0.1:7000`. */
  readonly address: string;
  /** The peer's. */
  readonly role: 'relay' | 'leaf';
}

export interface RouteEvent {
  /** A node, or a zone as in `1.2.*.*`. */
  readonly destination: string;
  readonly class: TrafficClassName;
  /** null: there is no way any more. */
  readonly nextHop: string | null;
  readonly backup: string | null;
}

/** The events of a node: name to arguments. */
export interface NodeEvents {
  linkUp: [LinkEvent];
  linkDown: [{ readonly peer: string; readonly reason: LinkProblem }];
  /** A peer cannot be reached or refuses: also in `links()`. The node goes on trying. */
  linkProblem: [{ readonly peer: string; readonly problem: LinkProblem; readonly detail: string }];
  routeChanged: [RouteEvent];
  /** Another node says that it has this node's id. */
  duplicateId: [{ readonly id: string; readonly address: string }];
  /** A worker had crashed and its successor runs. `afterMs`: how long nobody did its work. */
  workerRestarted: [{ readonly worker: number; readonly reason: string; readonly afterMs: number }];
  /** What people should know, and what the node does about it. */
  warning: [{ readonly message: string }];
  close: [];
}

/** Where a datagram came from. */
export interface RemoteSocket {
  readonly id: string;
  readonly port: number;
}

export interface Message {
  readonly payload: Uint8Array;
  readonly from: RemoteSocket;
}

/** The events of a socket: name to arguments. */
export interface SocketEvents {
  message: [payload: Uint8Array, from: RemoteSocket];
  /**
   * A datagram that this socket had sent did not arrive: NO_ROUTE, PORT_UNREACHABLE, TTL_EXCEEDED, TOO_BIG or PROHIBITED. The socket stays
   * open; unlike other emitters it does not throw when nobody listens, for the network decides when this happens.
   */
  error: [error: PortolanError, datagram: { readonly to: RemoteSocket; readonly reporter: string }];
  /** After `send` has returned false: there is room again. */
  drain: [];
  close: [];
}
