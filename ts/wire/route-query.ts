/**
 * Route queries as values: "find a path that keeps to these limits", its answer and its refusal (proto/portolan/v1/control.proto). Numbers on
 * the wire are whole ones, in small units; the ones here are in units that people use. Total: what makes no sense yields `malformed`.
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { NodeId } from '../kit/node-id.js';
import {
  type RouteAnswer as AnswerMessage,
  type RouteLimits as LimitsMessage,
  type PathMeasure as MeasureMessage,
  PathMeasureSchema,
  type RouteQuery as QueryMessage,
  RouteRefusal_Reason as Reason,
  type RouteRefusal as RefusalMessage,
  RouteAnswerSchema,
  type RouteLimitsSchema,
  RouteQuerySchema,
  RouteRefusalSchema,
} from './gen/portolan/v1/control_pb.js';
import { MAX_NEIGHBOUR_ADDRESSES, type NodeAddress, readAddresses, writeAddress } from './neighbours.js';
import { ROUTING_CLASSES } from './routing-entry.js';

/** What a path must keep to. Undefined: anything will do. */
export interface RouteLimits {
  /** Largest round trip of the whole path, ms, above 0. */
  readonly rttMs?: number;
  /** Largest sum of the links' administrative costs. */
  readonly cost?: number;
  /** Least bandwidth of each link, Mbit/s. */
  readonly mbps?: number;
  /** Largest loss of the whole path, one way, percent. */
  readonly lossPercent?: number;
  /** Most links, 1 to {@link MAX_HOPS}. */
  readonly hops?: number;
}

export type LimitName = keyof RouteLimits;

/** What a search must keep to: limits, and perhaps a detour. */
export interface SearchLimits extends RouteLimits {
  /** A node that must not be on the path. */
  readonly avoid?: NodeId;
}

/** What a link, or a path of several, does to packets. */
export interface PathMeasure {
  /** Round trip, smoothed, ms. */
  readonly rttMs: number;
  readonly cost: number;
  /** Mbit/s of the narrowest link; Infinity: none is known to be limited. */
  readonly mbps: number;
  /** Share of the packets that arrive, 0 to 1. */
  readonly delivery: number;
  readonly hops: number;
}

/** The longest path that a search finds, in links. */
export const MAX_HOPS = 16;

/** The longest way through tables that a query follows, in links: as far as a packet gets. */
export const MAX_FOLLOWED_HOPS = 32;

/** The most tokens that a branch may carry. */
export const MAX_TOKENS = 1024;

/** The longest that anybody waits for an answer, ms. */
export const MAX_PATIENCE_MS = 60_000;

export interface RouteQuery {
  readonly id: bigint;
  readonly branch: number;
  readonly destination: NodeId;
  readonly limits: SearchLimits;
  /** The traffic class whose tables it follows; undefined: it is a search. */
  readonly follow: number | undefined;
  /** Nobody is to answer from memory. */
  readonly fresh: boolean;
  /** How far the expected whole may miss a limit outside of the destination's group, per cent. */
  readonly slackPercent: number;
  /** From the source to the receiver. */
  readonly soFar: PathMeasure;
  /** The nodes that it came by: the source first, the sender last. */
  readonly path: readonly NodeId[];
  readonly tokens: number;
  readonly patienceMs: number;
}

export interface RouteAnswer {
  readonly branch: number;
  /** All nodes, from the source of the query to its destination. */
  readonly path: readonly NodeId[];
  readonly measure: PathMeasure;
  /** How long ago the oldest part of it was measured, ms. */
  readonly ageMs: number;
  /** Where the destination can be dialed, as its neighbour on the path says; at most {@link MAX_NEIGHBOUR_ADDRESSES}, none where the answer comes from memory. */
  readonly addresses: readonly NodeAddress[];
}

export interface RouteRefusal {
  readonly branch: number;
  readonly tokens: number;
  readonly reason: RefusalReason;
  readonly best: Shortfall | undefined;
}

/** See the reasons in proto/portolan/v1/control.proto. */
export type RefusalReason = 'limits' | 'noRoute' | 'tokens' | 'seen' | 'busy' | 'late';

/** What came closest to a path, and the limit that it breaks. */
export interface Shortfall {
  readonly limit: LimitName;
  /** In the unit of the limit. */
  readonly value: number;
  /** The node over which it leads, where it was given up. */
  readonly over: NodeId;
}

const REASONS: readonly (readonly [RefusalReason, Reason])[] = [
  ['limits', Reason.LIMITS],
  ['noRoute', Reason.NO_ROUTE],
  ['tokens', Reason.TOKENS],
  ['seen', Reason.SEEN],
  ['busy', Reason.BUSY],
  ['late', Reason.LATE],
];

const LARGEST = 0xffff_ffff;
/** Rounded up, so that no path looks better than it is; what does not fit is the largest. */
const units = (value: number, perUnit: number) => Math.min(LARGEST, Math.ceil(value * perUnit - 1e-6));
/** Bandwidth is rounded down, but to no less than 1: 0 would say that it is not limited. */
const kilobits = (mbps: number) => Math.min(LARGEST, Math.max(1, Math.floor(mbps * 1000 + 1e-6)));

/** The limits in the order of their numbers on the wire, with units of the wire a unit here. */
const WIRE_LIMITS: readonly (readonly [
  LimitName,
  Exclude<keyof LimitsMessage, '$typeName' | '$unknown' | 'avoid'>,
  number,
])[] = [
  ['rttMs', 'rttUs', 1000],
  ['cost', 'cost', 1],
  ['mbps', 'kbps', 1000],
  ['lossPercent', 'lossPpm', 10_000],
  ['hops', 'hops', 1],
];

export function writeQuery(query: RouteQuery): QueryMessage {
  const { id, branch, destination, tokens } = query;
  return create(RouteQuerySchema, {
    id,
    branch,
    destination,
    limits: writeLimits(query.limits),
    soFar: writeMeasure(query.soFar),
    path: [...query.path],
    tokens,
    patienceMs: Math.floor(query.patienceMs),
    follow: query.follow === undefined ? 0 : query.follow + 1,
    fresh: query.fresh,
    slackPercent: query.slackPercent,
  });
}

export function readQuery(message: QueryMessage): RouteQuery | 'malformed' {
  const { id, branch, destination, limits, soFar, path, tokens, patienceMs, fresh, slackPercent } = message;
  if (!limits || !soFar || destination === 0 || message.follow > ROUTING_CLASSES) return 'malformed';
  const follow = message.follow === 0 ? undefined : message.follow - 1;
  if (!isPath(path, 1, (follow === undefined ? MAX_HOPS : MAX_FOLLOWED_HOPS) + 1)) return 'malformed';
  if (tokens > MAX_TOKENS || patienceMs > MAX_PATIENCE_MS || soFar.hops !== path.length) return 'malformed';
  const measure = readMeasure(soFar);
  const terms = { id, branch, destination, limits: readLimits(limits), follow, fresh, slackPercent };
  return { ...terms, soFar: measure, path, tokens, patienceMs };
}

export function writeAnswer({ branch, path, measure, ageMs, addresses }: RouteAnswer): AnswerMessage {
  return create(RouteAnswerSchema, {
    branch,
    path: [...path],
    measure: writeMeasure(measure),
    ageMs: Math.min(LARGEST, Math.ceil(ageMs)),
    addresses: addresses.slice(0, MAX_NEIGHBOUR_ADDRESSES).map(writeAddress),
  });
}

export function readAnswer(message: AnswerMessage): RouteAnswer | 'malformed' {
  const { branch, path, measure, ageMs } = message;
  const addresses = readAddresses(message.addresses);
  if (addresses === 'malformed') return 'malformed';
  if (!measure || !isPath(path, 2, MAX_FOLLOWED_HOPS + 1) || measure.hops !== path.length - 1) return 'malformed';
  return { branch, path, measure: readMeasure(measure), ageMs, addresses };
}

export function writeRefusal({ branch, tokens, reason, best }: RouteRefusal): RefusalMessage {
  return create(RouteRefusalSchema, {
    branch,
    tokens,
    reason: REASONS.find(([name]) => name === reason)?.[1] ?? Reason.UNSPECIFIED,
    ...(best ? { best: writeShortfall(best) } : {}),
  });
}

export function readRefusal({ branch, tokens, reason, best }: RefusalMessage): RouteRefusal | 'malformed' {
  if (tokens > MAX_TOKENS) return 'malformed';
  // A reason that this version does not know is as good as any.
  const name = REASONS.find(([, number]) => number === reason)?.[0] ?? 'limits';
  const limit = best && WIRE_LIMITS[best.limit - 1];
  return {
    branch,
    tokens,
    reason: name,
    best: limit ? { limit: limit[0], value: best.value / limit[2], over: best.over } : undefined,
  };
}

function writeShortfall({ limit, value, over }: Shortfall) {
  const number = WIRE_LIMITS.findIndex(([name]) => name === limit);
  const perUnit = WIRE_LIMITS[number]?.[2] ?? 1;
  return { limit: number + 1, value: limit === 'mbps' ? kilobits(value) : units(value, perUnit), over };
}

function writeLimits(limits: SearchLimits): MessageInitShape<typeof RouteLimitsSchema> {
  const message: Record<string, number> = { avoid: limits.avoid ?? 0 };
  for (const [name, field, perUnit] of WIRE_LIMITS) {
    const value = limits[name];
    // Rounded towards the tighter limit: what keeps to it on the wire keeps to it here.
    if (value !== undefined)
      message[field] = name === 'mbps' ? units(value, perUnit) : Math.min(LARGEST, Math.floor(value * perUnit + 1e-6));
  }
  return message;
}

function readLimits(message: LimitsMessage): SearchLimits {
  const limits: { -readonly [name in keyof SearchLimits]?: number } = {};
  if (message.avoid !== 0) limits.avoid = message.avoid;
  for (const [name, field, perUnit] of WIRE_LIMITS) {
    const value = message[field];
    if (value !== undefined) limits[name] = value / perUnit;
  }
  return limits;
}

function writeMeasure({ rttMs, cost, mbps, delivery, hops }: PathMeasure): MeasureMessage {
  return create(PathMeasureSchema, {
    rttUs: units(rttMs, 1000),
    cost: units(cost, 1),
    kbps: mbps === Infinity ? 0 : kilobits(mbps),
    lossPpm: Math.min(1_000_000, units(1 - delivery, 1_000_000)),
    hops,
  });
}

function readMeasure({ rttUs, cost, kbps, lossPpm, hops }: MeasureMessage): PathMeasure {
  const delivery = Math.max(0, 1 - lossPpm / 1_000_000);
  return { rttMs: rttUs / 1000, cost, mbps: kbps === 0 ? Infinity : kbps / 1000, delivery, hops };
}

/** Whether these are nodes of a path: none of them twice, as many as a path may have. */
export function isPath(path: readonly NodeId[], least: number, most = MAX_HOPS + 1): boolean {
  return path.length >= least && path.length <= most && !path.includes(0) && new Set(path).size === path.length;
}
