/**
 * The kernel chooses the worker that receives a frame, but the flows of port forwards are worker 0's. So the other workers hand the packets of
 * forwards over to it, by a ring that all of them write; its origin stage takes them from there as if it had received them itself.
 */
import { type Batch, packetAt, RUN_FIRST, RUN_PACKETS, RUN_VERDICT, Verdict } from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import type { QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import { HANDOVER_FRAME, RECORD_KIND, RecordKind } from '../memory/worker-records.js';
import type { StageContext } from './context.js';
import { copyBytes } from './copy.js';
import type { RunTaker } from './local.js';

export class Handover implements RunTaker {
  readonly #batch: Batch;
  readonly #counters: CounterBlock;
  readonly #ring: QueueProducer;

  constructor({ batch, counters }: StageContext, ring: QueueProducer) {
    this.#batch = batch;
    this.#counters = counters;
    this.#ring = ring;
  }

  take(run: number): void {
    const { words, slab } = this.#batch;
    const { view } = this.#ring;
    const first = words[run + RUN_FIRST] as number;
    const packets = words[run + RUN_PACKETS] as number;
    for (let packet = first; packet < first + packets; packet++) {
      const length = words[packetAt(packet) + 1] as number;
      const at = this.#ring.claim(HANDOVER_FRAME + length);
      if (at < 0) {
        this.#counters.add(COUNTER.deliverFull, first + packets - packet);
        break;
      }
      view.setInt32(at + RECORD_KIND, RecordKind.Handover, true);
      copyBytes(slab, words[packetAt(packet)] as number, view, at + HANDOVER_FRAME, length);
    }
    this.#ring.publish();
    words[run + RUN_VERDICT] = Verdict.Done;
  }
}
