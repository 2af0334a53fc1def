/**
 * What `status()`, `links()` and `routes()` say: the control plane's view and the packet path's, in the shapes of admin.types.ts.
 */
import type { ControlEvent, LinkStatus, MemberStatus, RouteStatus } from '../control/io.js';
import type { RouteCost } from '../control/routing/link-quality.js';
import type { Label } from '../control/routing/router.types.js';
import type { RouteExplanation } from '../control/routing/why.js';
import { formatNodeId, idByte, LAYERS, type NodeId, sharedBytes } from '../kit/node-id.js';
import { COUNTERS } from '../memory/counter-names.js';
import { type CounterSums, readCounters } from '../memory/counters.js';
import type { LinkCounters, LinkQueue } from '../memory/link-table.js';
import type { Region } from '../memory/region.js';
import { TRAFFIC_CLASS_NAMES } from '../wire/network-header.js';
import type { CountersReport, LinkReport, MemberReport, RouteExplanationReport, RouteReport } from './admin.types.js';

const NOTHING: Pick<LinkReport, 'rxFrames' | 'rxBytes' | 'txFrames' | 'txBytes'> = {
  rxFrames: 0,
  rxBytes: 0,
  txFrames: 0,
  txBytes: 0,
};

/** A session that a link has beside its first one, and what workers counted of it. */
export interface MemberCounters {
  readonly status: MemberStatus;
  readonly counters: LinkCounters | undefined;
}

/** One line of `links`. When there is a session: what workers counted, what waits for it, the network that is emulated for it. */
export function linkReport(
  status: LinkStatus,
  counters?: LinkCounters,
  queue?: LinkQueue,
  emulation?: string,
  members: readonly MemberCounters[] = [],
): LinkReport {
  const all = [counters, ...members.map((member) => member.counters)].filter((one) => one !== undefined);
  return {
    peer: formatNodeId(status.peer),
    address: status.address,
    state: status.state,
    role: status.role ?? null,
    why: status.why,
    foreign: status.foreign,
    rttMs: status.rtt === undefined ? null : round(status.rtt),
    rttVarianceMs: status.rttVariance === undefined ? null : round(status.rttVariance),
    lossPercent: round(Math.max(status.lossIn, status.lossOut)),
    lossInPercent: round(status.lossIn),
    lossOutPercent: round(status.lossOut),
    cost: status.cost ?? null,
    bandwidthMbit: status.bandwidth === undefined ? null : round(status.bandwidth.mbit),
    bandwidthSource: status.bandwidth?.source ?? null,
    problem: status.problem ?? null,
    detail: status.detail,
    emulation: emulation ?? null,
    mtu: status.mtu ?? null,
    packetMtu: status.mtu === undefined ? null : status.mtu + packetOverhead(status.address),
    mtuState: status.mtuState ?? null,
    queue:
      queue === undefined || queue.rate === 0
        ? null
        : { bitsPerSecond: queue.rate * 1000, frames: queue.frames, dropped: queue.dropped, marked: queue.marked },
    ...all.reduce(added, NOTHING),
    members: members.map(memberReport),
  };
}

/** One line of `routes`. */
export function routeReport(self: NodeId, route: RouteStatus): RouteReport {
  return {
    destination: slotName(self, route.layer, route.byte),
    layer: route.layer,
    nextHop: formatNodeId(route.nextHop),
    backup: route.backup === undefined ? null : formatNodeId(route.backup),
    class: TRAFFIC_CLASS_NAMES[route.trafficClass] ?? 'lowLatency',
    ...costReport(route),
    hops: route.hops,
  };
}

export function explanationReport(self: NodeId, explanation: RouteExplanation): RouteExplanationReport {
  const { layer, byte, trafficClass, label, suspectMs, isAsking, lastJump, candidates } = explanation;
  return {
    slot: slotName(self, layer, byte),
    class: TRAFFIC_CLASS_NAMES[trafficClass] ?? 'lowLatency',
    label: labelText(label),
    suspectMs: round(suspectMs),
    asking: isAsking,
    lastJump: lastJump ? { ...lastJump, peer: formatNodeId(lastJump.peer), agoMs: round(lastJump.agoMs) } : null,
    candidates: candidates.map((candidate) => ({
      peer: formatNodeId(candidate.peer),
      verdict: candidate.verdict,
      label: labelText(candidate.label),
      ...costReport(candidate),
      hops: candidate.label === undefined ? null : candidate.hops,
    })),
  };
}

/** What people should know of sequence numbers, and do. */
export function seqnoWarning(self: NodeId, event: Extract<ControlEvent, { type: 'seqnoJump' | 'seqnoEnd' }>): string {
  const zone = slotName(self, event.layer, event.type === 'seqnoEnd' ? idByte(self, event.layer) : event.byte);
  if (event.type === 'seqnoJump')
    return `the sequence number of ${zone} jumped from ${event.from} to ${event.to}, on the word of ${formatNodeId(event.peer)}: a wrong clock, or malice`;
  return `${zone} has ${event.left} sequence numbers left, and its routes can be repaired no more when they are used up: take a new id`;
}

const labelText = (label: Label | undefined) => (label ? `${label.seqno}/${label.distance}` : null);

/** What the class counts; null for what it does not. */
function costReport({ rtt, cost, loss, bandwidth }: RouteCost) {
  return {
    rttMs: rtt === undefined ? null : round(rtt),
    cost: cost === undefined ? null : round(cost),
    lossPercent: loss === undefined ? null : round(100 * loss),
    bandwidthMbit: bandwidth ?? null,
  };
}

/** Whether the node `self` uses this route for packets to `destination`. */
export function isRouteTo(self: NodeId, destination: NodeId, route: Pick<RouteStatus, 'layer' | 'byte'>): boolean {
  if (route.layer === 0) return self !== destination;
  const layer = LAYERS[sharedBytes(self, destination)];
  return layer !== undefined && route.layer === layer && route.byte === idByte(destination, layer);
}

/** The slots that packets to `destination` use, by their names: the default route of a leaf among them. */
export function slotsTo(self: NodeId, destination: NodeId): string[] {
  const layer = LAYERS[sharedBytes(self, destination)];
  return [slotName(self, 0, 0), ...(layer === undefined ? [] : [slotName(self, layer, idByte(destination, layer))])];
}

/** The destination of a slot: a node, or a zone as in `1.2.*.*`. */
export function slotName(self: NodeId, layer: number, byte: number): string {
  return LAYERS.map((at) => {
    if (at > layer) return '*';
    return at === layer ? byte : idByte(self, at);
  }).join('.');
}

/** All counters: drops under `dropped`, the others beside it. */
export function countersReport(region: Region): CountersReport {
  const sums: CounterSums = readCounters(region);
  const dropped: Record<string, number> = {};
  const counts: Record<string, number> = {};
  for (const { name, kind } of COUNTERS) (kind === 'drop' ? dropped : counts)[name] = sums[name];
  return { ...counts, ...pickMain(sums), dropped };
}

const pickMain = ({ forwarded, delivered, sent, received, sentBytes, receivedBytes }: CounterSums) => ({
  forwarded,
  delivered,
  sent,
  received,
  sentBytes,
  receivedBytes,
});

type Traffic = typeof NOTHING;

const added = (sum: Traffic, one: LinkCounters): Traffic => ({
  rxFrames: sum.rxFrames + one.rxFrames,
  rxBytes: sum.rxBytes + one.rxBytes,
  txFrames: sum.txFrames + one.txFrames,
  txBytes: sum.txBytes + one.txBytes,
});

const memberReport = ({ status: { member, state, rtt }, counters }: MemberCounters): MemberReport => ({
  member,
  state,
  rttMs: rtt === undefined ? null : round(rtt),
  rxFrames: counters?.rxFrames ?? 0,
  txFrames: counters?.txFrames ?? 0,
});

/** Headers of IP (without options) and UDP around a frame. */
const packetOverhead = (address: string): number => (address.includes('[') ? 40 : 20) + 8;

/** Three decimals: microseconds, and thousandths of a per cent. */
const round = (value: number): number => Math.round(value * 1000) / 1000;
