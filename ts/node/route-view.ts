/** What programs and people see of the forwarding table: its routes, why they are what they are, and what they were before. */
import type { ControlEvent } from '../control/io.js';
import type { ControlNode } from '../control/node.types.js';
import { monotonicNow } from '../edge/clock.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { TRAFFIC_CLASS_NAMES, type TrafficClassName, trafficClassOf } from '../wire/network-header.js';
import { parseId } from './addresses.js';
import type { RouteChangeReport, RouteExplanationReport, RouteReport } from './admin.types.js';
import type { RouteEvent } from './events.js';
import { explanationReport, isRouteTo, routeReport, slotName, slotsTo } from './reports.js';
import { parseTrafficClass } from './traffic-class.js';

/** Changes that are remembered; the oldest goes first. */
const MOST_CHANGES = 1000;

/** Routes of one class, or of all. Default: low latency. */
export interface RouteOptions {
  readonly class?: TrafficClassName | 'all';
}

export class RouteView {
  readonly #self: NodeId;
  readonly #control: () => ControlNode;
  readonly #changes: RouteChangeReport[] = [];

  constructor(self: NodeId, control: () => ControlNode) {
    this.#self = self;
    this.#control = control;
  }

  routes(destination: string | undefined, { class: name = 'lowLatency' }: RouteOptions): RouteReport[] {
    const trafficClass = name === 'all' ? undefined : trafficClassOf(parseTrafficClass(name, 'class'));
    const wanted = destination === undefined ? undefined : parseId(destination, 'destination');
    return this.#control()
      .routes()
      .filter((route) => trafficClass === undefined || route.layer === 0 || route.trafficClass === trafficClass)
      .filter((route) => wanted === undefined || isRouteTo(this.#self, wanted, route))
      .map((route) => routeReport(this.#self, route));
  }

  explain(destination: string, name: TrafficClassName): RouteExplanationReport | undefined {
    const trafficClass = trafficClassOf(parseTrafficClass(name, 'class'));
    const wanted = parseId(destination, 'destination');
    const explanation = this.#control().explain(wanted, trafficClass, monotonicNow());
    return explanation && explanationReport(this.#self, explanation);
  }

  /** The oldest change first. */
  history(destination: string | undefined, { class: text = 'lowLatency' }: RouteOptions): RouteChangeReport[] {
    const name = text === 'all' ? undefined : parseTrafficClass(text, 'class');
    const slots = destination === undefined ? undefined : slotsTo(this.#self, parseId(destination, 'destination'));
    return this.#changes.filter(
      (change) => (!name || change.class === name) && (!slots || slots.includes(change.destination)),
    );
  }

  /** The forwarding table has changed: in the words of people. */
  note({ layer, byte, trafficClass, nextHop, backup }: Extract<ControlEvent, { type: 'routeChanged' }>): RouteEvent {
    const change = {
      destination: slotName(this.#self, layer, byte),
      class: TRAFFIC_CLASS_NAMES[trafficClass] ?? 'lowLatency',
      nextHop: nextHop === undefined ? null : formatNodeId(nextHop),
      backup: backup === undefined ? null : formatNodeId(backup),
    };
    if (this.#changes.length === MOST_CHANGES) this.#changes.shift();
    this.#changes.push({ at: new Date().toISOString(), ...change });
    return change;
  }
}
