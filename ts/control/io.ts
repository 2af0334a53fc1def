/**
 * The inputs and outputs of the control plane. One input (`handleFrame`, `handlePacket`, `handleTimeout`, `handleCommand`, `handleJobDone`), each with
 * `now`; then drain `poll()` until it is empty. Outputs must be acted on in their order: a route is stored before the frame that tells of it leaves.
 *
 * All times are milliseconds of one monotonic clock.
 */
import type { Layer, NodeId } from '../kit/node-id.js';
import type { FrameType } from '../wire/link-header.js';

/** A transport address as the control plane sees it: resolved, ready for the link table. */
export interface TransportAddress {
  readonly scheme: 'udp';
  readonly family: 4 | 6;
  /** Textual IP address, as in `127.0.0.1` or `::1`. */
  readonly host: string;
  readonly port: number;
}

/** A frame that workers handed to the control plane. `frame` is whole, headers included; control keeps no reference to it. */
export interface ReceivedFrame {
  /** The link that it came by (authenticated, fresh); 0 for handshake frames, which are not verified yet. */
  readonly link: number;
  readonly type: FrameType;
  readonly frame: Uint8Array;
  /** Handshake only: where it came from, and by which listening address. */
  readonly source?: TransportAddress;
  readonly socket?: number;
}

/** A data packet that the packet path could not deal with, or an error for this node. */
export interface PuntedPacket {
  readonly reason: 'ttlExceeded' | 'noRoute' | 'portUnreachable' | 'error';
  readonly link: number;
  readonly frame: Uint8Array;
}

/** What the packet path knows of a link, read whenever control wants it. Implemented over the link table. */
export interface LinkObserver {
  observe(link: number): {
    readonly up: boolean;
    readonly rxFrames: number;
    readonly txFrames: number;
    readonly rxHighest: number;
    /** Milliseconds; when any authenticated frame was last heard. */
    readonly lastHeard: number;
    /** Milliseconds; when data was last heard or sent; 0: never. */
    readonly lastData: number;
  };
}

/** Cryptographic randomness, from the shell (real nodes) or seeded (simulator). */
export type Entropy = (bytes: number) => Uint8Array;

export type Output =
  | { readonly kind: 'send'; readonly link: number; readonly type: FrameType; readonly payload: Uint8Array }
  | { readonly kind: 'sendTo'; readonly socket: number; readonly address: TransportAddress; readonly frame: Uint8Array }
  /** A packet of the overlay (both headers written, link fields zero): workers look up its route. */
  | { readonly kind: 'sendPacket'; readonly frame: Uint8Array }
  | RouteOutput
  | LinkOutput
  | { readonly kind: 'event'; readonly event: ControlEvent }
  | { readonly kind: 'job'; readonly id: number; readonly job: Job };

/** The forwarding table changes: link indexes, 0 for none. */
export interface RouteOutput {
  readonly kind: 'route';
  readonly trafficClass: number;
  readonly layer: Layer;
  readonly byte: number;
  readonly primary: number;
  readonly backup: number;
}

export type LinkOutput =
  | {
      readonly kind: 'linkInstall';
      readonly link: number;
      readonly peer: NodeId;
      readonly ourNumber: number;
      readonly peerNumber: number;
      readonly socket: number;
      readonly address: TransportAddress;
      readonly rxKey: Uint8Array;
      readonly txKey: Uint8Array;
      readonly mtu: number;
      readonly tags: boolean;
    }
  | { readonly kind: 'linkUp'; readonly link: number }
  | {
      readonly kind: 'linkTiming';
      readonly link: number;
      readonly silence: number;
      readonly ownInterval: number;
      readonly heardInterval: number;
    }
  /** The session is over: the shell retires the entry and calls `handleLinkFree` once no worker can use it. */
  | { readonly kind: 'linkRetire'; readonly link: number };

/** What takes long or is asynchronous, done by the shell; its result comes back by `handleJobDone`. */
export type Job = { readonly kind: 'resolve'; readonly host: string; readonly port: number };

export type JobResult =
  | { readonly id: number; readonly addresses: readonly TransportAddress[] }
  | { readonly id: number; readonly error: string };

/** Why a peer is not reachable, or a session ended. */
export type LinkProblem =
  | 'unresolved'
  | 'noAnswer'
  | 'otherVersion'
  | 'otherNetworkKey'
  | 'duplicateId'
  | 'wrongId'
  | 'silent'
  | 'oneWay'
  | 'goodbye'
  | 'replaced'
  | 'removed'
  | 'full';

export type LinkStateName = 'resolving' | 'dialing' | 'up' | 'down' | 'closing';

export type ControlEvent =
  | { readonly type: 'linkUp'; readonly link: number; readonly peer: NodeId; readonly address: string }
  | { readonly type: 'linkDown'; readonly link: number; readonly peer: NodeId; readonly reason: LinkProblem }
  | { readonly type: 'linkProblem'; readonly peer: NodeId; readonly problem: LinkProblem; readonly detail: string }
  | { readonly type: 'duplicateId'; readonly id: NodeId; readonly address: string }
  | {
      readonly type: 'routeChanged';
      readonly layer: Layer;
      readonly byte: number;
      readonly nextHop: NodeId | undefined;
      readonly backup: NodeId | undefined;
    }
  /** An error came back for a packet that this node had sent: `frame` are the headers of that packet. */
  | { readonly type: 'packetError'; readonly code: ErrorName; readonly reporter: NodeId; readonly headers: Uint8Array };

export type ErrorName = 'ttlExceeded' | 'noRoute' | 'portUnreachable' | 'tooBig' | 'prohibited';

/** A line of `links`. */
export interface LinkStatus {
  readonly peer: NodeId;
  readonly address: string;
  readonly state: LinkStateName;
  readonly link: number;
  readonly problem: LinkProblem | undefined;
  readonly detail: string;
  /** Smoothed round-trip time, ms; undefined before the first measurement. */
  readonly rtt: number | undefined;
  readonly rttVariance: number | undefined;
  /** Per cent of frames lost towards us and away from us. */
  readonly lossIn: number;
  readonly lossOut: number;
  readonly configured: boolean;
}

/** A line of `routes`. */
export interface RouteStatus {
  readonly layer: Layer;
  readonly byte: number;
  readonly trafficClass: number;
  readonly nextHop: NodeId;
  readonly backup: NodeId | undefined;
  /** Milliseconds. */
  readonly rtt: number;
  readonly hops: number;
}
