/** What the processes hold, looked at all the time, and whether it grows: a straight line through the second half of the run. */
import type { ResourcesReport } from '../../ts/node/admin.types.js';
import { type Line, leastSquares } from '../lib/statistics.js';
import type { SoakNetwork } from './network.js';
import { descriptors, threads } from './proc.js';

const EVERY_MS = 1000;
const MIB = 2 ** 20;

export interface Metric {
  readonly name: string;
  readonly unit: string;
  /** What a process may have gained by the end of the second half, as the line through it says, less twice the line's error. */
  readonly tolerance: number;
  readonly read: (from: ResourcesReport, pid: number) => number;
}

/** Memory takes minutes until the compiler and the collector have settled; what is counted should not grow at all. */
export const METRICS: readonly Metric[] = [
  { name: 'resident memory', unit: 'MiB', tolerance: 16, read: (from) => from.rssBytes / MIB },
  { name: 'heap of the main thread', unit: 'MiB', tolerance: 6, read: (from) => from.heapUsedBytes / MIB },
  { name: 'external memory', unit: 'MiB', tolerance: 2, read: (from) => from.externalBytes / MIB },
  { name: 'file descriptors', unit: '', tolerance: 2, read: (_, pid) => descriptors(pid) },
  { name: 'threads', unit: '', tolerance: 2, read: (_, pid) => threads(pid) },
  { name: 'timers and handles', unit: '', tolerance: 3, read: ({ handles }) => sum(Object.values(handles)) },
  { name: 'link indexes', unit: '', tolerance: 3, read: ({ links }) => links.taken },
  {
    name: 'blocks in use',
    unit: '',
    tolerance: 3,
    read: ({ workers }) => sum(workers.map(({ blocks, freeBlocks }) => (blocks ?? 0) - (freeBlocks ?? 0))),
  },
  { name: 'packets held', unit: '', tolerance: 30, read: ({ workers }) => sum(workers.map((w) => w.heldPackets)) },
];

interface Sample {
  readonly at: number;
  readonly pid: number;
  readonly values: readonly number[];
}

/** How one metric went in the process where it grew most. */
export interface Growth {
  readonly metric: string;
  readonly unit: string;
  readonly node: string;
  /** Of the line through the second half. */
  readonly first: number;
  readonly last: number;
  readonly perHour: number;
  readonly perHourError: number;
  readonly tolerance: number;
  readonly isFlat: boolean;
}

export class Sampler {
  readonly #network: SoakNetwork;
  readonly #samples = new Map<string, Sample[]>();
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(network: SoakNetwork) {
    this.#network = network;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await Promise.all(this.#network.nodes.map(({ id }) => this.#look(id)));
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  /** A process that is dead just now is passed over; one that stays so is noticed by the census. */
  async #look(id: string): Promise<void> {
    const { process } = this.#network.node(id);
    const { pid } = process;
    try {
      const from = await process.admin.get<ResourcesReport>('/resources');
      const list = this.#samples.get(id) ?? [];
      list.push({ at: performance.now(), pid, values: METRICS.map(({ read }) => read(from, pid)) });
      this.#samples.set(id, list);
    } catch {
      return; // killed on purpose, or it will be missed when all are counted
    }
  }

  /** Of each metric: the process that gained most in the second half of the time, of those that had lived for another quarter by then: young ones grow. */
  growth(from: number, to: number): Growth[] {
    const middle = (from + to) / 2;
    const youth = (from + middle) / 2;
    return METRICS.map((metric, index) => {
      const all = [...this.#samples].flatMap(([node, samples]) => {
        const pid = samples.find(({ at }) => at >= middle)?.pid;
        const lived = samples.filter((sample) => sample.pid === pid);
        if (pid === undefined || (lived[0]?.at ?? to) > youth || samples.at(-1)?.pid !== pid) return [];
        const points = lived
          .filter(({ at }) => at >= middle)
          .map(({ at, values }) => [(at - middle) / 3_600_000, values[index] as number] as const);
        return points.length < 3 ? [] : [growthOf(metric, node, points)];
      });
      return all.reduce((worst, growth) => (growth.last - growth.first > worst.last - worst.first ? growth : worst));
    });
  }
}

function growthOf(metric: Metric, node: string, points: readonly (readonly [number, number])[]): Growth {
  const line: Line = leastSquares(points);
  const [begin, end] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  const gained = (line.slope - 2 * line.slopeError) * (end - begin);
  return {
    metric: metric.name,
    unit: metric.unit,
    node,
    first: line.at(begin),
    last: line.at(end),
    perHour: line.slope,
    perHourError: 2 * line.slopeError,
    tolerance: metric.tolerance,
    isFlat: gained <= metric.tolerance,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
