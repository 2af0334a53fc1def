/** What the parts of one node's routing share. */
import type { NodeId } from '../../kit/node-id.js';
import { TimerQueue } from '../timer-queue.js';
import { InnerNeighbours } from './inner-neighbours.js';
import type { Neighbour } from './neighbour.js';
import type { RouterOptions, RouterOutput, SafetyRules } from './router.types.js';
import { SeqnoWatch } from './seqno-watch.js';
import { type Slot, SlotTable } from './slot-state.js';

export class RoutingState {
  readonly slots = new SlotTable();
  /** By link index. */
  readonly neighbours = new Map<number, Neighbour>();
  readonly outputs: RouterOutput[] = [];
  readonly slotTimers = new TimerQueue<Slot>();
  readonly senderTimers = new TimerQueue<Neighbour>();
  readonly inner: InnerNeighbours;
  readonly seqnos: SeqnoWatch;

  constructor(
    readonly self: NodeId,
    readonly rules: SafetyRules,
    readonly random: () => number,
    readonly onLabel: RouterOptions['onLabel'],
    classes: number,
    bootSeconds: number,
  ) {
    this.seqnos = new SeqnoWatch(this.outputs, bootSeconds);
    this.inner = new InnerNeighbours(this.slots, this.outputs, classes);
  }
}
