/** Flows that last, and the paths that nodes pin for them of their own accord. */
import type { ControlNode } from '../../control/node.types.js';
import type { OwnPin } from '../../control/optimiser/optimiser.types.js';
import { formatNodeId } from '../../kit/node-id.js';
import type { Random } from '../../kit/random.js';
import { createFlowCounts, FlowCounter, FlowReader } from '../../memory/flow-counts.js';
import { TrafficClass } from '../../wire/network-header.js';
import type { World } from '../world.js';

/** How often a node looks where its packets go, ms, as the shell of a real one does. */
const FLOWS_MS = 500;
/** Flows in a run: so many and up to as many more; the time from packet to packet, and how long they last, ms. */
const FLOWS = 1;
const GAP_MS = 20;
const SHORTEST_MS = 4_000;

/** What a node knows of where its packets go. */
export class OwnFlows {
  readonly counter: FlowCounter;
  readonly #reader: FlowReader;
  readonly #sums: World['ownPins'];
  #known = new Set<string>();

  constructor(sums: World['ownPins']) {
    const counts = createFlowCounts(1);
    this.counter = new FlowCounter(counts, 0);
    this.#reader = new FlowReader(counts);
    this.#sums = sums;
  }

  /** `later` gives an input to the node after a time in ms, if it still lives. */
  watch(later: (delay: number, give: (control: ControlNode, now: number) => void) => void): void {
    later(FLOWS_MS, (control, now) => {
      const samples = this.#reader.read();
      if (samples.length > 0) control.handleCommand({ kind: 'flows', samples }, now);
      this.#count(control.ownPins());
      this.watch(later);
    });
  }

  /** Counts the paths that were not there the last time. */
  #count(pins: readonly OwnPin[]): void {
    const known = new Set<string>();
    for (const { owner, path } of pins) {
      const pin = `${owner} ${path.join()}`;
      known.add(pin);
      if (!this.#known.has(pin)) this.#sums[owner]++;
    }
    this.#known = known;
  }
}

/** Echo requests between random nodes in the low-latency class, for long enough to be looked after. */
export function scheduleFlows(
  world: World,
  random: Random,
  { from, until }: { readonly from: number; readonly until: number },
): void {
  const { ids, queue } = world;
  for (let flow = FLOWS + random.below(FLOWS + 1); flow > 0; flow--) {
    const [source, destination] = [ids[random.below(ids.length)] as number, ids[random.below(ids.length)] as number];
    const start = from + random.unit() * (until - from - SHORTEST_MS);
    const end = start + SHORTEST_MS + random.unit() * (until - start - SHORTEST_MS);
    if (source === destination) continue;
    queue.at(start, () => world.note(source, `a flow to ${formatNodeId(destination)} begins`));
    for (let time = start; time < end; time += GAP_MS)
      queue.at(time, () => world.node(source)?.ping(destination, TrafficClass.LowLatency));
  }
}
