/**
 * What the admin interface answers: the JSON bodies of its HTTP routes, which are also what `portolan <command> --json` prints.
 * Fields may be added; those that stand here keep their name, unit and meaning.
 *
 * ```
 * GET  /status                              StatusReport
 * GET  /links                               LinkReport[]
 * GET  /routes[?destination=1.1.1.3][&class=lowCost]   RouteReport[]; class `all`: of all four
 * GET  /routes/why?destination=1.1.1.3[&class=lowCost]   RouteExplanationReport
 * GET  /routes/history[?destination=1.1.1.3][&class=lowCost]   RouteChangeReport[], the oldest first; class `all`: of all four
 * GET  /ping?destination=1.1.1.3&timeoutMs=1000[&size=0][&class=lowCost]   PingReply (one probe)
 * GET  /trace?destination=1.1.1.3[&maxHops=32][&timeoutMs=1000][&class=lowCost] application/x-ndjson: a TraceHop a line, as they come
 * GET  /route?destination=1.1.1.3[&rttMs=][&cost=][&mbps=][&lossPercent=][&hops=]   RouteAnswerReport
 * GET  /pins                              PinReport[]
 * GET  /way?destination=1.1.1.2&class=lowLatency   WayReport
 * POST /pins         PinRequest          -> PinReport
 * DELETE /pins?number=1                     {}
 * POST /load/source  LoadSourceRequest   -> LoadSourceReport
 * GET  /load/source                         LoadSourceReport
 * DELETE /load/source                       LoadSourceReport, final
 * POST /load/sink    LoadSinkRequest     -> LoadSinkReport
 * GET  /load/sink                           LoadSinkReport
 * DELETE /load/sink                         LoadSinkReport, final
 * GET  /metrics                             Prometheus text
 * GET  /resources                           ResourcesReport
 * ```
 * A refused request has status 400 (wrong use), 404 or 409 and the body `AdminError`. Ids are text, as in `1.1.1.2`.
 */

import type { CandidateVerdict } from '../control/routing/why.js';
import type { LoadSinkStats, LoadSourceStats } from '../memory/load-stats.js';
import type { TrafficClassName } from '../wire/network-header.js';
import type { RouteLimits } from '../wire/route-query.js';

/** Whether an offload is in use, and if not, why. */
export type OffloadState = 'on' | 'off' | 'lost';

export interface PacketPathReport {
  readonly kind: 'native' | 'portable';
  readonly gso: OffloadState;
  readonly gro: OffloadState;
  /** Why this path and these states, for people: one sentence. */
  readonly reason: string;
}

export interface StatusReport {
  readonly id: string;
  readonly role: 'relay' | 'leaf';
  readonly version: string;
  readonly pid: number;
  /** Seconds since the node started. */
  readonly uptimeSeconds: number;
  readonly listen: readonly string[];
  readonly packetPath: PacketPathReport;
  /** Those for UDP. */
  readonly workers: number;
  /** Whether there is one more, for TCP: the node listens at or has dialed a `tcp://` address. */
  readonly tcpWorker: boolean;
  /** How often a worker was replaced after a crash. */
  readonly workerRestarts: number;
  /** Links that are up, those of leaves aside. */
  readonly links: number;
  /** Links that the node has made or makes on its own, and how many there may be; 0: none, only people make links. */
  readonly neighbours: { readonly chosen: number; readonly most: number };
  /** Leaves that are linked with this node, and how many it has room for. */
  readonly leaves: number;
  readonly maxLeaves: number;
  /** Nodes and zones that have a next hop, in the low-latency class; the others have the same. */
  readonly routes: number;
  /** The networks that are emulated for what this node sends, as they may be written; empty: none. */
  readonly emulation: readonly string[];
  readonly counters: CountersReport;
}

/** Sums since the start. Further counters stand beside these under their names (docs/cli.md). */
export interface CountersReport {
  readonly forwarded: number;
  readonly delivered: number;
  readonly sent: number;
  readonly received: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Every drop counter, those at zero included. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly [counter: string]: number | Readonly<Record<string, number>>;
}

/** One session of a link that has several. */
export interface MemberReport {
  /** 1..7; the first session is 0. */
  readonly member: number;
  /** `up`: it carries its share of the flows; `probing`: not yet known to take frames as large as the first; what is `down` waits for the peer to dial. */
  readonly state: 'dialing' | 'probing' | 'up' | 'down';
  readonly rttMs: number | null;
  readonly rxFrames: number;
  readonly txFrames: number;
}

export interface LinkReport {
  readonly peer: string;
  /** A transport address as a URL, as in `udp://127.0.0.1:7000`. */
  readonly address: string;
  readonly state: 'resolving' | 'dialing' | 'up' | 'down' | 'closing';
  /** The peer's; null until it has been heard. */
  readonly role: 'relay' | 'leaf' | null;
  /**
   * Why it is there: `configured` by people here; chosen by this node, as its successor on the `ring` of a zone, because it is `near`, at `random`, for a
   * `bucket` of ids, to `join`, or for a `flow` that lasts; or `incoming`, for the other end wanted it.
   */
  readonly why: 'configured' | 'ring' | 'near' | 'random' | 'bucket' | 'join' | 'flow' | 'incoming';
  /** A leaf of another group than this node's: only this node and its other leaves reach it. */
  readonly foreign: boolean;
  /** Smoothed; null before the first measurement. */
  readonly rttMs: number | null;
  /** Mean deviation of the round-trip time. */
  readonly rttVarianceMs: number | null;
  /** The larger of both directions, 0..100. */
  readonly lossPercent: number;
  readonly lossInPercent: number;
  readonly lossOutPercent: number;
  /** Administrative cost for routing, 0..1000; null without a session. */
  readonly cost: number | null;
  /** What it carries in the direction of the peer, and how that is known (`atLeast`: it is too fast to be measured); null: not known. */
  readonly bandwidthMbit: number | null;
  readonly bandwidthSource: 'configured' | 'measured' | 'atLeast' | null;
  /** Why it is not up, by name and in words; null and '' when all is well. */
  readonly problem: string | null;
  readonly detail: string;
  /** The network that is emulated for what is sent into this link, as in `delay=50ms loss=1%`; null: none. */
  readonly emulation: string | null;
  /** The largest frame that is sent into it, bytes: the payload of one datagram of the network below. null without a session. */
  readonly mtu: number | null;
  /** The same as a packet of the network below: with its headers of IP and UDP. */
  readonly packetMtu: number | null;
  /** `complete`: the largest that passes; `searching`: larger ones are being tried; `fixed`: this packet path tries none. */
  readonly mtuState: 'fixed' | 'searching' | 'complete' | null;
  /** Of a link whose rate is known: the rate, the frames that wait for it, and those of its session that were dropped or marked there; else null. */
  readonly queue: {
    readonly bitsPerSecond: number;
    readonly frames: number;
    readonly dropped: number;
    readonly marked: number;
  } | null;
  /** Frames and bytes of the link, all its sessions together. */
  readonly rxFrames: number;
  readonly rxBytes: number;
  readonly txFrames: number;
  readonly txBytes: number;
  /** The sessions that it has beside its first one (`--links-per-peer`); empty: there is one. */
  readonly members: readonly MemberReport[];
}

export interface RouteReport {
  /** A node (`1.1.1.3`), in layers 1-3 a zone (`1.2.*.*`), at a leaf all others (`*.*.*.*`). */
  readonly destination: string;
  /** 0: the default route of a leaf. */
  readonly layer: 0 | 1 | 2 | 3 | 4;
  readonly nextHop: string;
  readonly backup: string | null;
  readonly class: TrafficClassName;
  /** In the classes that count it: low latency and high bandwidth. */
  readonly rttMs: number | null;
  /** Sum of the links' administrative costs, a little more for the way: low cost only. */
  readonly cost: number | null;
  /** Packets lost on the way: reliable only. */
  readonly lossPercent: number | null;
  /** Of the narrowest link, at least: high bandwidth only. */
  readonly bandwidthMbit: number | null;
  readonly hops: number;
}

/** The fate of one probe. */
export interface PingReply {
  readonly destination: string;
  readonly received: boolean;
  /** null when nothing came back. */
  readonly rttMs: number | null;
  /** The error that came back instead, as in `noRoute`; null: none, or silence. */
  readonly error: string | null;
  /** Who reported the error. */
  readonly reporter: string | null;
}

/** A neighbour that could be the next hop, and what the rules make of it: see `CandidateVerdict` in ts/control/routing/why.ts. */
export interface CandidateReport {
  readonly peer: string;
  readonly verdict: CandidateVerdict;
  /** What it advertises, as in `1763700000/310`: sequence number and distance; null: nothing. */
  readonly label: string | null;
  readonly rttMs: number | null;
  readonly cost: number | null;
  readonly lossPercent: number | null;
  readonly bandwidthMbit: number | null;
  readonly hops: number | null;
}

/** Why a route is what it is. */
export interface RouteExplanationReport {
  /** The slot of the forwarding table that packets to the destination use. */
  readonly slot: string;
  readonly class: TrafficClassName;
  /** This node's own label: next hops have smaller ones. */
  readonly label: string | null;
  /** How long nothing but fresher labels is believed, ms. */
  readonly suspectMs: number;
  /** Neighbours are asked for a label that can be used. */
  readonly asking: boolean;
  /** The last time that the label's sequence number jumped ahead to beyond the present, by an error or malice; null: never. */
  readonly lastJump: {
    readonly peer: string;
    readonly from: number;
    readonly to: number;
    readonly agoMs: number;
  } | null;
  readonly candidates: readonly CandidateReport[];
}

/** One change of the forwarding table. */
export interface RouteChangeReport {
  /** When, ISO 8601. */
  readonly at: string;
  readonly destination: string;
  readonly class: TrafficClassName;
  readonly nextHop: string | null;
  readonly backup: string | null;
}

/** A path that was found. */
export interface FoundRoute {
  readonly destination: string;
  /** This node first, the destination last. */
  readonly path: readonly string[];
  /** Round trip of the whole path, ms. */
  readonly rttMs: number;
  readonly cost: number;
  /** Of the narrowest link; null: none is known to be limited. */
  readonly mbps: number | null;
  /** One way. */
  readonly lossPercent: number;
  readonly hops: number;
}

/** Keep a route pinned to a path within these limits. */
export interface PinRequest {
  readonly destination: string;
  /** Default: low latency. */
  readonly class?: TrafficClassName;
  /** Default: none, so the first path that is found. */
  readonly limits?: RouteLimits;
}

/** A route that is kept pinned. */
export interface PinReport {
  /** By which `unpin` knows it; null: nobody has asked for it, and it ends by itself. */
  readonly number: number | null;
  /** `user`: it was asked for; `optimiser`: it is better than what the tables have; `detour`: it goes round a node that has no route. */
  readonly owner: 'user' | 'optimiser' | 'detour';
  readonly destination: string;
  readonly class: TrafficClassName;
  readonly limits: RouteLimits;
  /** `resting`: there is none at the moment, and it is looked for again soon. */
  readonly state: 'searching' | 'asking' | 'pinned' | 'resting';
  /** What is asked for, or in use; null: nothing. */
  readonly route: FoundRoute | null;
  /** Why it rests; or why it was pinned without being asked for. */
  readonly reason: string | null;
}

/** Which way packets of this node take to a destination at the moment. */
export interface WayReport {
  readonly destination: string;
  readonly class: TrafficClassName;
  /** `none`: there is no way. */
  readonly by: 'tables' | PinReport['owner'] | 'none';
  /** Of a pin; null: each node on the way decides. */
  readonly path: readonly string[] | null;
  readonly nextHop: string | null;
  /** In words. */
  readonly why: string;
}

export interface RouteAnswerReport {
  /** null: there is none. */
  readonly route: FoundRoute | null;
  /** Why there is none, and what came closest; null: there is one. */
  readonly reason: string | null;
}

export interface TraceHop {
  /** null: this hop kept silent. */
  readonly id: string | null;
  readonly rttMs: number | null;
  /** An error that ended the trace, as in `noRoute`. */
  readonly error?: string;
  /** The packet came there by a pin's label. */
  readonly labelled?: true;
}

export interface LoadSourceRequest {
  readonly destination: string;
  readonly port: number;
  /** Bytes of payload a packet, 16..1152. */
  readonly size: number;
  /** Packets a second; 0: as fast as it goes. */
  readonly rate: number;
  /** Flows (source ports) to spread over, 1..1024. */
  readonly flows?: number;
  /** Stops by itself after this time; without it, by DELETE. */
  readonly seconds?: number;
  /** Sends echo requests; the replies come to `sourcePort`, where a sink of this node measures round trips. Default: false. */
  readonly echo?: boolean;
  /** With `echo`: the port of the sink of this node. */
  readonly sourcePort?: number;
}

export type LoadSourceReport = LoadSourceStats;

export interface LoadSinkRequest {
  readonly port: number;
}

export type LoadSinkReport = LoadSinkStats;

/** What the node's process holds: for watching whether it grows. */
export interface ResourcesReport {
  /** Of the whole process, workers included. */
  readonly rssBytes: number;
  /** Of the main thread's heap and what hangs on it, as `process.memoryUsage()` says. */
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  readonly arrayBuffersBytes: number;
  /** What keeps the main thread's event loop going, by kind, as `Timeout`: how many. */
  readonly handles: Readonly<Record<string, number>>;
  readonly links: {
    readonly capacity: number;
    /** Link indexes that are given out: to sessions, to handshakes, and to sessions that go. */
    readonly taken: number;
  };
  readonly workers: readonly WorkerResourcesReport[];
}

export interface WorkerResourcesReport {
  /** 64 KB blocks of packet memory, and those that are free, as of a second ago at most; null on the portable path. */
  readonly blocks: number | null;
  readonly freeBlocks: number | null;
  /** Packets that wait in the worker for their time, or for room. */
  readonly heldPackets: number;
}

export interface AdminError {
  readonly error: { readonly code: string; readonly message: string };
}
