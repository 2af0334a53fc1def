/**
 * A worker's stages in the order in which a packet meets them. One step takes a batch in and lets it out again; the same object runs in a
 * worker over real sockets, in tests, and in the simulator.
 *
 * ```
 *   port.receive ─> origin ─> (load source) ─> forward ─> hello ─> route ─> local ─> (turned round: route, local) ─> size ─> (handover)
 *                ─> liveness ─> punt ─> egress ─> (emulation) ─> port.send
 * ```
 */
import { BATCH_HELD, BATCH_NOW, BATCH_RINGS_EMPTY } from '../memory/batch.js';
import type { QueueConsumer, QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import type { StageContext } from './context.js';
import { EgressStage } from './egress/stage.js';
import type { EmulationStage } from './emulation/stage.js';
import type { ForwardStage } from './forward.js';
import type { Handover } from './handover.js';
import { HelloStage } from './hello.js';
import { LivenessStage } from './liveness.js';
import type { LoadSource } from './load-source.js';
import { LocalStage, type RunTakers } from './local.js';
import { OriginStage } from './origin.js';
import { PuntStage } from './punt.js';
import { REASSEMBLY_MS, type Reassembly } from './reassembly.js';
import { RouteStage } from './route.js';
import { SizeStage } from './size.js';

export interface PipelineOptions {
  /** What the shell and other workers write, in the order of precedence: control before data. */
  readonly incoming: readonly QueueConsumer[];
  /** To the control plane, and to the library's sockets. */
  readonly toControl: QueueProducer;
  readonly toSockets: QueueProducer;
  /** Gets the ring whose current record is a command. */
  readonly onCommand: (ring: QueueConsumer) => void;
  /** The port forwards; undefined in workers other than worker 0. */
  readonly forward?: ForwardStage | undefined;
  /** The way to the node's other workers, if there are any. */
  readonly handover?: Handover | undefined;
  /** The load tester's packets. */
  readonly source?: LoadSource | undefined;
  /** Which of the workers that send UDP links this is. Default: 0. */
  readonly worker?: number;
  /** Where it says how much of what sockets have sent waits (ts/memory/wire-backlogs.ts). */
  readonly backlogs?: SharedArrayBuffer | undefined;
  /** A network that is worse than the real one. */
  readonly emulation?: EmulationStage | undefined;
  /** Puts fragments together; undefined in workers other than worker 0, which hand them over. */
  readonly reassembly?: Reassembly | undefined;
  /** Who takes datagrams for local ports, by PortHandler. */
  readonly takers: RunTakers;
}

export class Pipeline {
  readonly #context: StageContext;
  readonly #words: Int32Array;
  readonly #origin: OriginStage;
  readonly #forward: ForwardStage | undefined;
  readonly #handover: Handover | undefined;
  readonly #source: LoadSource | undefined;
  readonly #hello: HelloStage;
  readonly #route: RouteStage;
  readonly #local: LocalStage;
  readonly #liveness: LivenessStage;
  readonly #punt: PuntStage;
  readonly #egress: EgressStage;
  readonly #emulation: EmulationStage | undefined;
  readonly #reassembly: Reassembly | undefined;
  readonly #size: SizeStage;

  constructor(context: StageContext, options: PipelineOptions) {
    this.#context = context;
    this.#words = context.batch.words;
    this.#punt = new PuntStage(context, options.toControl);
    this.#origin = new OriginStage(context, options.incoming, options.onCommand);
    this.#forward = options.forward;
    this.#handover = options.handover;
    this.#source = options.source;
    this.#egress = new EgressStage(context, options.worker ?? 0, options.backlogs);
    this.#emulation = options.emulation;
    this.#hello = new HelloStage(context, this.#punt);
    this.#route = new RouteStage(context);
    this.#reassembly = options.reassembly;
    this.#size = new SizeStage(context, this.#punt);
    this.#local = new LocalStage(context, options.toSockets, options.takers, options.reassembly ?? options.handover);
    this.#liveness = new LivenessStage(context, this.#punt);
  }

  /** One batch. Waits for up to `waitMs` when nothing is there (0: never). Returns the work done: runs and records, 0 when idle. */
  step(waitMs: number): number {
    const { port, batch } = this.#context;
    let work = port.receive(waitMs);
    if (this.#words[BATCH_RINGS_EMPTY] === 0) work += this.#origin.step();
    work += this.#source?.step() ?? 0;
    this.#forward?.step();
    this.#reassembly?.expire((batch.floats[BATCH_NOW / 8] as number) - REASSEMBLY_MS);
    this.#hello.step();
    this.#route.step();
    if (this.#local.step() > 0) {
      // Echo requests became replies, which have a way of their own: perhaps back to a socket of this node.
      this.#route.step();
      this.#local.step();
    }
    this.#size.step();
    this.#handover?.step();
    this.#liveness.step();
    this.#punt.step();
    this.#egress.step();
    this.#emulation?.step();
    port.send();
    return work;
  }

  /** Whether something waits for room, so that the worker must not sleep. */
  isWaiting(): boolean {
    return this.#origin.isWaiting();
  }

  /** Frames that earlier batches have left behind in the stages. */
  get held(): number {
    return this.#context.batch.words[BATCH_HELD] as number;
  }

  /** The node closes: what is held leaves with the next steps. */
  hurry(): void {
    this.#egress.hurry();
    this.#emulation?.hurry();
    this.#reassembly?.expire(Infinity);
    this.#context.port.hurry?.();
  }

  /** How long the next step may wait, ms, at most `most`. The answer is remembered: a step that comes much later was held up. */
  waitFor(most: number): number {
    const paced = this.#egress.waitFor(most);
    const wait = this.#emulation?.waitFor(paced) ?? paced;
    return this.#liveness.waitFor(this.#punt.waitFor(wait));
  }
}
