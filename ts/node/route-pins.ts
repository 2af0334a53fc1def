/** Routes that programs have pinned: each is an order to the control plane, under a number, and what it said of it last. */
import { EventEmitter } from 'node:events';
import type { PinState } from '../control/pins/route-pins.js';
import { limitsProblem } from '../control/query/limits.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import { type TrafficClassName, trafficClassOf } from '../wire/network-header.js';
import type { RouteLimits } from '../wire/route-query.js';
import type { PinReport } from './admin.types.js';
import type { ControlDriver } from './control-driver.js';
import { invalidOption, PortolanError } from './errors.js';
import { foundRoute, refusalText } from './route-finder.js';

/** What is pinned, and for which packets. */
export interface PinTerms {
  readonly destination: NodeId;
  readonly class: TrafficClassName;
  readonly limits: RouteLimits;
}

/**
 * A route that this node keeps pinned until it is closed. Emits `change` with its report whenever a path was found, is in use, or is lost; while it has none, packets take
 * the way of their class.
 */
export class PinnedRoute extends EventEmitter<{ change: [PinReport] }> {
  /** By which `pins` and `unpin` know it. */
  readonly number: number;
  readonly #terms: PinTerms;
  readonly #end: () => void;
  #state: PinState = { state: 'searching' };

  constructor(number: number, terms: PinTerms, end: () => void) {
    super();
    this.number = number;
    this.#terms = terms;
    this.#end = end;
  }

  get report(): PinReport {
    const { destination, class: name, limits } = this.#terms;
    const state = this.#state;
    return {
      number: this.number,
      owner: 'user',
      destination: formatNodeId(destination),
      class: name,
      limits,
      state: state.state,
      route: 'path' in state ? foundRoute(destination, { kind: 'found', ...state }) : null,
      reason: state.state === 'resting' ? restText(destination, limits, state) : null,
    };
  }

  /** For {@link RoutePins}. */
  enter(state: PinState): void {
    this.#state = state;
    this.emit('change', this.report);
  }

  /** Packets take the way of their class again. */
  close(): void {
    this.#end();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function restText(destination: NodeId, limits: RouteLimits, { why }: Extract<PinState, { state: 'resting' }>): string {
  return why === 'ended' ? 'the path has broken: another one is looked for' : refusalText(destination, limits, why);
}

export class RoutePins {
  readonly #self: NodeId;
  readonly #driver: () => ControlDriver;
  readonly #pins = new Map<number, PinnedRoute>();
  #last = 0;

  constructor(self: NodeId, driver: () => ControlDriver) {
    this.#self = self;
    this.#driver = driver;
  }

  /** Throws an INVALID_OPTION error when the limits are none, the destination is this node, or it is pinned in this class already. */
  pin(terms: PinTerms): PinnedRoute {
    const { destination, class: name, limits } = terms;
    const problem = limitsProblem(limits);
    if (problem !== undefined) throw new PortolanError('INVALID_OPTION', problem, { option: 'limits' });
    if (destination === this.#self) throw invalidOption('destination', 'another node', formatNodeId(destination));
    const text = formatNodeId(destination);
    // One destination has one entry in the packet path.
    if (this.reports().some((pin) => pin.destination === text))
      throw invalidOption('destination', 'one that is not pinned yet', text);
    const number = ++this.#last;
    const pin = new PinnedRoute(number, terms, () => this.unpin(number));
    this.#pins.set(number, pin);
    const order = { number, destination, trafficClass: trafficClassOf(name), limits };
    this.#driver().input((control, now) => control.handleCommand({ kind: 'pinRoute', order }, now));
    return pin;
  }

  /** False: there is no such pin. */
  unpin(number: number): boolean {
    if (!this.#pins.delete(number)) return false;
    this.#driver().input((control, now) => control.handleCommand({ kind: 'unpinRoute', number }, now));
    return true;
  }

  reports(): PinReport[] {
    return [...this.#pins.values()].map(({ report }) => report);
  }

  /** What the control plane says. */
  handleChange(number: number, state: PinState): void {
    this.#pins.get(number)?.enter(state);
  }
}
