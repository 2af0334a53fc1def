/**
 * What every stage of one worker works on. Each worker has its own, but for the region, which all workers and control share.
 */
import type { Batch } from '../memory/batch.js';
import type { CounterBlock } from '../memory/counters.js';
import type { FlowCounter } from '../memory/flow-counts.js';
import type { PortKind } from '../memory/link-table.js';
import type { Region } from '../memory/region.js';
import type { Port } from './port.js';

export interface StageContext {
  /** The id of this node. */
  readonly self: number;
  readonly region: Region;
  readonly batch: Batch;
  /** This worker's counters: it is their only writer. */
  readonly counters: CounterBlock;
  readonly port: Port;
  /** The kind of links that this worker hears and sends. */
  readonly portKind: PortKind;
  /** Where own packets are counted by destination; undefined: nobody wants to know. */
  readonly flows?: FlowCounter | undefined;
  /** Milliseconds of the monotonic clock; the simulator's in the simulator. Stages prefer the batch's time, which costs nothing. */
  readonly clock: () => number;
}
