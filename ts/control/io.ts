/**
 * The inputs and outputs of the control plane (see node.types.ts for its methods). One input, with `now`; then drain `poll()` until it is
 * empty. Outputs must be acted on in their order: a route is stored before the frame that tells of it leaves.
 *
 * All times are milliseconds of one monotonic clock.
 */
import type { Layer, NodeId } from '../kit/node-id.js';
import type { ErrorName } from '../wire/error-payload.js';
import type { Headers } from '../wire/frame.js';
import type { NodeRole } from '../wire/handshake.js';
import type { FrameType } from '../wire/link-header.js';
import type { RouteLimits } from '../wire/route-query.js';
import type { FlowSample } from './optimiser/optimiser.types.js';
import type { PinOutput } from './pins/pinned-paths.js';
import type { PinOrder, PinState } from './pins/route-pins.js';
import type { QueryResult } from './query/queries.js';
import type { SeqnoJump } from './routing/seqno-watch.js';

/** A transport address as the control plane sees it: resolved, ready for the link table. */
export interface TransportAddress {
  readonly scheme: 'udp' | 'tcp';
  readonly family: 4 | 6;
  /** Textual IP address, as in `127.0.0.1` or `::1`. */
  readonly host: string;
  readonly port: number;
}

export type { ErrorName } from '../wire/error-payload.js';
export type { NodeRole } from '../wire/handshake.js';

/** `fixed`: this packet path cannot forbid the network to cut frames, so none larger are tried. */
export type MtuState = 'fixed' | 'searching' | 'complete';

/** Where a peer may be: one of its addresses, as configured. Several with one id are one peer, tried in turn. */
export interface PeerAddress {
  readonly id: NodeId;
  readonly scheme: TransportAddress['scheme'];
  /** A name or an IP address (without brackets). */
  readonly host: string;
  /** 1..65535 */
  readonly port: number;
}

/** An address to begin with; without an id (UDP only): whoever is there. */
export interface BootstrapAddress extends Omit<PeerAddress, 'id'> {
  readonly id: NodeId | undefined;
}

/** What people and the shell ask of the control plane. */
export type Command =
  /** An address of a peer, new or known; dialed at once. */
  | { readonly kind: 'addPeer'; readonly peer: PeerAddress }
  /** Forgets the peer and ends its session. */
  | { readonly kind: 'removePeer'; readonly id: NodeId }
  /** Looks for a path to another node that keeps to limits: see the event `routeResult`, which quotes the number. */
  | { readonly kind: 'findRoute'; readonly number: number; readonly destination: NodeId; readonly limits: RouteLimits }
  /** Pins the route to another node for as long as it is not unpinned: see the event `pinChanged`. */
  | { readonly kind: 'pinRoute'; readonly order: PinOrder }
  | { readonly kind: 'unpinRoute'; readonly number: number }
  /** Where own traffic has gone since the last time: every 500 ms while there is any. */
  | { readonly kind: 'flows'; readonly samples: readonly FlowSample[] }
  /** Addresses or routes of the machine have changed: whatever is not up is resolved and dialed anew at once, links are probed. */
  | { readonly kind: 'networkChange' }
  /** The packet path stood still (a worker was replaced, the machine slept): silence counts from now. */
  | { readonly kind: 'resume' }
  /** Says goodbye to all, ends all sessions, dials and accepts no more. Cannot be taken back. */
  | { readonly kind: 'close' };

/** A frame that workers handed to the control plane. `frame` is whole, headers included; control keeps no reference to it. */
export interface ReceivedFrame {
  /** The link that it came by (authenticated, fresh); 0 for handshake frames, which are not verified yet. */
  readonly link: number;
  readonly type: FrameType;
  readonly frame: Uint8Array;
  /** When a worker received it, if that is known better than by `now`: for round-trip times. Milliseconds, not after `now`. */
  readonly receivedAt?: number;
  /** Handshake only: where it came from, and by which listening address (of those of its scheme; -1: by a connection that this node dialed). */
  readonly source?: TransportAddress;
  readonly socket?: number;
}

/** A data packet that the packet path could not deal with, or an error for this node. */
export interface PuntedPacket {
  readonly reason: 'ttlExceeded' | 'noRoute' | 'portUnreachable' | 'tooBig' | 'prohibited' | 'error';
  /** The link that it came by; 0: it started at this node. */
  readonly link: number;
  /** Of an error the whole packet, else both headers at least. */
  readonly frame: Uint8Array;
  /** `tooBig`: the largest frame that would have passed, bytes. */
  readonly limit?: number;
  /** When a worker received it, if that is known better than by `now`. Milliseconds, not after `now`. */
  readonly receivedAt?: number;
}

/** What the packet path knows of a link, from `linkInstall` to `linkRetire`. */
export interface LinkObservation {
  /** Whether the link's up bit is set: workers clear it when the link was silent too long. */
  readonly up: boolean;
  readonly rxFrames: number;
  readonly txFrames: number;
  /** Highest counter received. */
  readonly rxHighest: number;
  /** Milliseconds; when any authenticated frame was last heard, or the link installed. */
  readonly lastHeard: number;
  /** Milliseconds; when data was last heard or sent; 0: never. */
  readonly lastData: number;
  /** Largest frame that is sent into it, bytes: workers lower it to the base when the machine's own device refuses more. 0: not installed. */
  readonly mtu: number;
}

/** Reads the packet path's view of a link whenever control wants it. Implemented over the link table. */
export interface LinkObserver {
  observe(link: number): LinkObservation;
}

/** What people have said of a link. */
export interface LinkTerms {
  /** Administrative cost, 0..1000. */
  readonly cost: number;
  /** Megabits a second; 0: not known. */
  readonly bandwidth: number;
}

/** What is known of the link to a peer at this address, by the socket of that number. */
export type LinkTermsOf = (peer: NodeId, address: TransportAddress, socket: number) => LinkTerms;

/** Cryptographic randomness, from the shell (real nodes) or seeded (simulator). */
export type Entropy = (bytes: number) => Uint8Array;

/** Counters that the control plane adds to (a subset of those in ts/memory/counter-names.ts). */
export type ControlCounter =
  | 'seqnoJumps'
  | 'handshakesRefused'
  | 'controlMalformed'
  | 'errorLimited'
  | 'probesLimited'
  | 'neighboursLimited'
  | 'nextHopChanges'
  | 'routeQueries';

export type Output =
  /** Into a link, from its `linkInstall` to its `linkRetire`, whether its up bit is set or not. The payload fits the link's MTU, but for hellos that probe it. */
  | { readonly kind: 'send'; readonly link: number; readonly type: FrameType; readonly payload: Uint8Array }
  | { readonly kind: 'sendTo'; readonly socket: number; readonly address: TransportAddress; readonly frame: Uint8Array }
  /** A packet of the overlay (both headers written, link fields zero): workers look up its route. */
  | { readonly kind: 'sendPacket'; readonly frame: Uint8Array }
  | RouteOutput
  /** The largest frame that reaches a destination, bytes, where that is less than the first link's MTU; 0: not known any more. */
  | { readonly kind: 'pathMtu'; readonly destination: NodeId; readonly mtu: number }
  | DefaultRouteOutput
  | LeafOutput
  | DirectOutput
  | PinOutput
  | LinkOutput
  | { readonly kind: 'event'; readonly event: ControlEvent }
  | { readonly kind: 'job'; readonly id: number; readonly job: Job }
  /** Add one to the counter. */
  | { readonly kind: 'count'; readonly counter: ControlCounter };

/** The forwarding table changes: link indexes, 0 for none. */
export interface RouteOutput {
  readonly kind: 'route';
  readonly trafficClass: number;
  readonly layer: Layer;
  readonly byte: number;
  readonly primary: number;
  readonly backup: number;
}

/** All slots of the forwarding table change at once: the routes of a leaf. Link indexes, 0 for none. */
export interface DefaultRouteOutput {
  readonly kind: 'defaultRoute';
  readonly primary: number;
  readonly backup: number;
}

/**
 * A leaf of this node comes (after its `linkUp`) or goes (before its `linkFree`): whether the direct table leads from its id to the link.
 */
export interface LeafOutput {
  readonly kind: 'leafUp' | 'leafDown';
  readonly id: NodeId;
  readonly link: number;
}

/**
 * The classes in which packets for a neighbour itself go straight into its link, whatever its slot says (R22): bit i for class i. Comes when they change; 0, for none, before
 * the link's index is given out again. The main link, where there is a bundle.
 */
export interface DirectOutput {
  readonly kind: 'direct';
  readonly neighbour: NodeId;
  readonly link: number;
  readonly classes: number;
}

export type LinkOutput =
  /** A session begins: fill the entry and make it live, its up bit clear. Frames may be received from it and sent into it from here on. */
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
      /** The main link of the bundle that it is a member of; 0: of none. */
      readonly bundleOf: number;
    }
  /**
   * Flows into the main link `link` are spread over these from here on, itself first; 0 stands for a member that is missing. Empty: over none, it
   * takes all itself.
   */
  | { readonly kind: 'linkBundle'; readonly link: number; readonly links: readonly number[] }
  /** The session is established: set the up bit. At most once a session. */
  | { readonly kind: 'linkUp'; readonly link: number }
  /** How long the link may be silent before workers clear the up bit; and the hello intervals that their replies quote. All in ms. */
  | {
      readonly kind: 'linkTiming';
      readonly link: number;
      readonly silence: number;
      readonly ownInterval: number;
      readonly heardInterval: number;
    }
  /** The largest frame that may be sent into the link, bytes, from here on. */
  | { readonly kind: 'linkMtu'; readonly link: number; readonly mtu: number }
  /** The session is over (the up bit is cleared, if it was set): the shell retires the entry and calls `handleLinkFree` once no worker can use it. */
  | { readonly kind: 'linkRetire'; readonly link: number };

/** What takes long or is asynchronous, done by the shell; its result comes back by `handleJobDone`. */
export type Job = {
  readonly kind: 'resolve';
  readonly scheme: TransportAddress['scheme'];
  readonly host: string;
  readonly port: number;
};

export type JobResult =
  | { readonly id: number; readonly addresses: readonly TransportAddress[] }
  | { readonly id: number; readonly error: string };

/** Why a peer is not reachable, or a session ended. */
export type LinkProblem =
  | 'unresolved'
  | 'noAnswer'
  | 'otherVersion'
  | 'otherNetworkKey'
  | 'otherTags'
  /** The two make no link: a leaf takes nobody in. */
  | 'role'
  | 'duplicateId'
  | 'wrongId'
  | 'silent'
  /** Its TCP connection has ended. */
  | 'disconnected'
  | 'oneWay'
  | 'goodbye'
  | 'replaced'
  | 'removed'
  | 'full';

export type LinkStateName = 'resolving' | 'dialing' | 'up' | 'down' | 'closing';

export type ControlEvent =
  | {
      readonly type: 'linkUp';
      readonly link: number;
      readonly peer: NodeId;
      readonly address: string;
      /** The session's id, 16 hexadecimal digits, the same at both ends. */
      readonly session: string;
      /** The peer's. */
      readonly role: NodeRole;
    }
  | { readonly type: 'linkDown'; readonly link: number; readonly peer: NodeId; readonly reason: LinkProblem }
  | { readonly type: 'linkProblem'; readonly peer: NodeId; readonly problem: LinkProblem; readonly detail: string }
  | { readonly type: 'duplicateId'; readonly id: NodeId; readonly address: string }
  | {
      readonly type: 'routeChanged';
      /** 0: the default route of a leaf, in all classes. */
      readonly layer: Layer | 0;
      readonly byte: number;
      readonly trafficClass: number;
      readonly nextHop: NodeId | undefined;
      readonly backup: NodeId | undefined;
    }
  /** What `findRoute` has found: any number of paths, each better than the one before, or one refusal. */
  | { readonly type: 'routeResult'; readonly number: number; readonly result: QueryResult }
  /** How an order to pin a route stands. */
  | { readonly type: 'pinChanged'; readonly number: number; readonly destination: NodeId; readonly state: PinState }
  /** The sequence number of a zone jumped ahead, on the word of `peer`: an error of a clock, or malice. At most one a minute; all are counted. */
  | ({ readonly type: 'seqnoJump' } & SeqnoJump)
  /** The own zone of this layer has few sequence numbers left, and raises them no more at 0: it needs another id. */
  | { readonly type: 'seqnoEnd'; readonly layer: Layer; readonly left: number }
  /** An error came back for a packet that this node had sent: `headers` are those of that packet, as they reached the reporter. */
  | {
      readonly type: 'packetError';
      readonly code: ErrorName;
      readonly reporter: NodeId;
      readonly headers: Headers;
      /** When it came, ms: for round-trip times. */
      readonly receivedAt: number;
    };

/**
 * Why there is a link: somebody here has configured it; this node has chosen it, as its successor on a ring, because it is near, by chance, for a bucket of
 * ids, to begin with, or for a flow that lasts; or the other end wanted it.
 */
export type LinkWhy = 'configured' | 'ring' | 'near' | 'random' | 'bucket' | 'join' | 'flow' | 'incoming';

/** What a link carries in the direction of the peer. */
export interface LinkBandwidthStatus {
  /** Megabits a second. */
  readonly mbit: number;
  /** `atLeast`: it is too fast to be measured. */
  readonly source: 'configured' | 'measured' | 'atLeast';
}

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
  /** Administrative cost, 0..1000; undefined without a session. */
  readonly cost: number | undefined;
  /** undefined: not known. */
  readonly bandwidth: LinkBandwidthStatus | undefined;
  /** Largest frame that is sent into it, bytes; undefined without a session. */
  readonly mtu: number | undefined;
  /** Whether the MTU is final: `fixed` is not probed at all. */
  readonly mtuState: MtuState | undefined;
  readonly configured: boolean;
  readonly why: LinkWhy;
  /** The peer's; undefined until it has been heard. */
  readonly role: NodeRole | undefined;
  /** A leaf of another group than this node's: only this node and its leaves reach it. */
  readonly foreign: boolean;
  /** The other sessions of its bundle; empty: it is none. */
  readonly members: readonly MemberStatus[];
}

/** `probing`: established, but not known to take frames as large as the first session does; `up`: it carries its share of the flows. */
export type MemberState = 'dialing' | 'probing' | 'up' | 'down';

/** A session of a bundle, beside its first one. */
export interface MemberStatus {
  /** 1 .. 7 */
  readonly member: number;
  /** Its link index; 0: there is no session. */
  readonly link: number;
  readonly state: MemberState;
  /** Smoothed, ms. */
  readonly rtt: number | undefined;
}

/** A line of `routes`. */
export interface RouteStatus {
  /** 0: the default route of a leaf, to all other nodes. */
  readonly layer: Layer | 0;
  readonly byte: number;
  readonly trafficClass: number;
  readonly nextHop: NodeId;
  readonly backup: NodeId | undefined;
  /** Milliseconds; undefined where the class does not count it. */
  readonly rtt: number | undefined;
  /** Sum of the links' administrative costs; low cost only. */
  readonly cost: number | undefined;
  /** Share of packets lost, 0..1; reliable only. */
  readonly loss: number | undefined;
  /** Mbit/s of the narrowest link, at least; high bandwidth only. */
  readonly bandwidth: number | undefined;
  readonly hops: number;
}
