/** Which way packets of this node take to a destination, and why, in words. */
import type { OwnLink, OwnPin } from '../control/optimiser/optimiser.types.js';
import { formatNodeId } from '../kit/node-id.js';
import { TRAFFIC_CLASS_NAMES, type TrafficClassName } from '../wire/network-header.js';
import type { PinReport, RouteReport, WayReport } from './admin.types.js';
import { foundRoute } from './route-finder.js';

/** A pin that nobody has asked for. */
export function ownPinReport(pin: OwnPin): PinReport {
  const { owner, destination, trafficClass, path, measure } = pin;
  return {
    number: null,
    owner,
    destination: formatNodeId(destination),
    class: TRAFFIC_CLASS_NAMES[trafficClass] ?? 'lowLatency',
    limits: {},
    state: 'pinned',
    route: foundRoute(destination, { kind: 'found', path, measure }),
    reason: ownReason(pin),
  };
}

function ownReason({ owner, measure, tablesRttMs }: OwnPin): string {
  if (owner === 'detour') return 'the tables lead to a node that has no route, and this path goes round it';
  const instead = tablesRttMs === undefined ? '' : ` instead of ${millis(tablesRttMs)} by the tables`;
  return `${millis(measure.rttMs)}${instead}`;
}

/** `link`: the one that was made for a flow to there, if there is one; `pin`: the one of this destination and class, if there is one; `nextHop`: where unpinned packets go; `route`: what the forwarding table says. */
export function wayReport(
  destination: string,
  name: TrafficClassName,
  pin: PinReport | undefined,
  nextHop: string | undefined,
  route: RouteReport | undefined,
  link: OwnLink | undefined,
): WayReport {
  const base = { destination, class: name };
  const path = pin?.state === 'pinned' ? pin.route?.path : undefined;
  if (pin && path)
    return {
      ...base,
      by: pin.owner,
      path,
      nextHop: path[1] ?? null,
      why: link && path.length === 2 ? linkWhy(link) : pinnedWhy(pin),
    };
  const meanwhile = pin ? `; a pin is asked for: ${pin.reason ?? `it is ${pin.state}`}` : '';
  if (nextHop === undefined) return { ...base, by: 'none', path: null, nextHop: null, why: `no route${meanwhile}` };
  if (link && nextHop === destination) return { ...base, by: 'tables', path: null, nextHop, why: linkWhy(link) };
  const over = nextHop === destination ? 'straight to it' : `over ${nextHop}`;
  const backups = [route?.nextHop, route?.backup].filter((other) => other !== nextHop && typeof other === 'string');
  const backup = backups[0] === undefined ? 'without a backup' : `with ${backups[0]} as backup`;
  return { ...base, by: 'tables', path: null, nextHop, why: `by the tables ${over}, ${backup}${meanwhile}` };
}

function linkWhy({ rttMs, insteadMs }: OwnLink): string {
  return `by a direct link made for this flow: ${millis(rttMs)} instead of ${millis(insteadMs)}`;
}

function pinnedWhy({ owner, number, reason, route }: PinReport): string {
  if (owner === 'optimiser') return `pinned by the optimiser: ${reason}`;
  if (owner === 'detour') return `pinned as a detour: ${reason}`;
  return `pinned as asked for, pin ${number}${route ? `: ${millis(route.rttMs)}` : ''}`;
}

/** As precise as people need it: `41 ms`, `4.1 ms`. */
function millis(value: number): string {
  return `${value >= 20 ? Math.round(value) : Math.round(value * 10) / 10} ms`;
}
