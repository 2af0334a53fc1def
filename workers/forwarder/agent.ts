/**
 * What one forwarder owns: memory, rings, port, stages. `step` is all its work; who calls it, and when, is the driver's business.
 *
 * *Epochs*: the agent is quiescent between two steps and stays online while it sleeps, for it sleeps for at most {@link MAX_WAIT_MS}: so it
 * never holds up the reuse of a link's index for longer. (Were it offline, the frames that end the sleep would be matched to
 * links before it is online again.)
 *
 * *A crash* loses the batch in hand and nothing else: rings, counters, links and replay windows lie in shared memory, listening sockets
 * belong to the process (native) or are bound anew (portable), and so does the batch, in which the successor counts what was lost; the
 * slab dies with the thread. The successor gives back a lock that its predecessor may have held. Flows of port forwards begin anew.
 */
import type { StageContext } from '../../ts/data/context.js';
import { EmulationStage } from '../../ts/data/emulation/stage.js';
import { ForwardStage } from '../../ts/data/forward.js';
import { Handover } from '../../ts/data/handover.js';
import { LoadSink } from '../../ts/data/load-sink.js';
import { LoadSource } from '../../ts/data/load-source.js';
import { Pipeline } from '../../ts/data/pipeline.js';
import { Reassembly } from '../../ts/data/reassembly.js';
import type { WorkerMessage, WorkerStart } from '../../ts/data/worker-contract.js';
import { monotonicNow } from '../../ts/edge/clock.js';
import { seededRandom } from '../../ts/kit/random.js';
import { BATCH_MORE, BATCH_NOW, openBatch } from '../../ts/memory/batch.js';
import { COUNTER } from '../../ts/memory/counter-names.js';
import { CounterBlock } from '../../ts/memory/counters.js';
import { WorkerEpoch } from '../../ts/memory/epochs.js';
import { FlowCounter } from '../../ts/memory/flow-counts.js';
import { loadBlock } from '../../ts/memory/load-stats.js';
import { PortHandler } from '../../ts/memory/port-table.js';
import { attachRegion } from '../../ts/memory/region.js';
import { ReplayWindows } from '../../ts/memory/replay-window.js';
import { QueueConsumer, QueueProducer } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import { takeUnfinished } from '../../ts/memory/unfinished.js';
import { WorkerPhase, WorkerState } from '../../ts/memory/worker-state.js';
import { Commands } from './commands.js';
import { HandoverInbox } from './handover-inbox.js';
import { type OpenedPort, openPort, slabBytes, sleepsInPort } from './open-port.js';

/** The longest sleep, ms (the native port needs no timer for this one): what control changes in shared memory without waking anybody is seen after this at the latest. */
const MAX_WAIT_MS = 40;
/** What is claimed at once of another worker's ring: about one step's frames. */
const HANDOVER_BATCH_BYTES = 32 * 1024;

export class Agent {
  /** The portable port has got something; `full`: it must be taken now. */
  onWork: (full: boolean) => void = () => undefined;
  readonly #start: WorkerStart;
  readonly #context: StageContext;
  readonly #port: OpenedPort;
  readonly #rings: readonly QueueConsumer[];
  readonly #inbox: HandoverInbox | undefined;
  readonly #forward: ForwardStage | undefined;
  readonly #forwardPorts: number[];
  readonly #source: LoadSource;
  readonly #pipeline: Pipeline;
  readonly #commands: Commands;
  readonly #state: WorkerState;
  readonly #epoch: WorkerEpoch;
  #idle = false;
  /** The port said that it has more, or a stage that something waits for room. */
  #moreWaits = false;

  /** Opens everything; throws a StartProblem when an address cannot be opened. */
  constructor(start: WorkerStart, tell: (message: WorkerMessage) => void) {
    const region = attachRegion(start.region);
    const batch = openBatch(start.batch, new SharedArrayBuffer(slabBytes(start)));
    const counters = new CounterBlock(region, start.worker);
    counters.add(COUNTER.crashed, takeUnfinished(batch));
    this.#start = start;
    new ReplayWindows(region).breakLocks(start.worker);
    this.#state = new WorkerState(region, start.worker);
    this.#epoch = new WorkerEpoch(region, start.worker);
    this.#epoch.online();
    this.#port = openPort(start, {
      region,
      batch,
      counters,
      state: this.#state,
      onWork: (full) => this.onWork(full),
      tell,
    });
    const { self, portKind } = start;
    const flows = start.flows && new FlowCounter(start.flows, start.worker);
    this.#context = { self, region, batch, counters, port: this.#port.port, portKind, flows, clock: monotonicNow };

    const inbox = start.handover?.[start.worker];
    this.#inbox = inbox && new HandoverInbox(inbox, () => this.onWork(false));
    const [control, data] = [new QueueConsumer(start.toWorker.control), new QueueConsumer(start.toWorker.data)];
    this.#rings = [control, data];
    this.#source = new LoadSource(this.#context, loadBlock(start.load, start.worker));
    const sink = new LoadSink(this.#context, loadBlock(start.load, start.worker));
    this.#forward = start.worker === 0 ? new ForwardStage(this.#context) : undefined;
    this.#forwardPorts = this.#openForwards();
    this.#commands = new Commands(start, { forward: this.#forward, source: this.#source, sink }, tell);
    const handover = this.#openHandover();
    this.#pipeline = new Pipeline(this.#context, {
      incoming: this.#inbox ? [control, this.#inbox.ring, data] : [control, data],
      handover,
      toControl: new QueueProducer(start.toShell.control),
      toSockets: new QueueProducer(start.toShell.data),
      onCommand: (ring) => this.#commands.take(ring),
      forward: this.#forward,
      reassembly: start.worker === 0 ? new Reassembly(this.#context) : undefined,
      source: this.#source,
      worker: start.worker,
      backlogs: start.backlogs,
      emulation: this.#emulation(),
      takers: {
        [PortHandler.LoadSink]: sink,
        [PortHandler.Forward]: this.#forward ?? handover,
      },
    });
    this.#state.setPhase(WorkerPhase.Running);
  }

  /** Resolves when the port receives, if that takes more than opening it. */
  get opened(): Promise<void> | undefined {
    return this.#port.opened;
  }

  ready(): WorkerMessage {
    const ports = this.#start.sockets.map((_, index) => this.#port.port.boundPort(index));
    return { type: 'ready', ports, forwardPorts: this.#forwardPorts, offloads: this.#port.offloads() };
  }

  get stopped(): boolean {
    return this.#commands.stopped || this.#state.stopRequested;
  }

  /** One batch through all stages; sleeps for up to `waitMs` first if nothing is there. */
  step(waitMs: number): void {
    this.#epoch.quiescent();
    const work = this.#pipeline.step(waitMs);
    this.#moreWaits = this.#context.batch.words[BATCH_MORE] !== 0 || this.#pipeline.isWaiting();
    this.#idle = work === 0 && !this.#moreWaits;
    if (waitMs > 0 && !this.#port.announcesSleep) this.#awake();
    const now = this.#context.batch.floats[BATCH_NOW / 8] as number;
    this.#state.turned(now, !this.#idle);
    this.#port.watch(now);
    this.#inbox?.watch(now);
  }

  /** How long the next step may sleep, ms: 0 when there is work. From here on, whoever writes into a ring wakes this thread. */
  mayWait(): number {
    // The native port sleeps on its sockets, so at a light load no second look is needed between a packet and the next sleep: one
    // system call less a packet. The portable one gets what came meanwhile by the event loop, after a step that found nothing.
    if (sleepsInPort(this.#start) ? this.#moreWaits : !this.#idle) return 0;
    const wait = Math.ceil(this.#source.waitFor(MAX_WAIT_MS)); // a load does not need it to the microsecond
    if (wait === 0) return 0;
    if (this.#port.announcesSleep) return this.#pipeline.waitFor(wait);
    if (!this.#fallAsleep()) return 0;
    const sleep = this.#pipeline.waitFor(wait);
    if (sleep === 0) this.#awake();
    return sleep;
  }

  /** Announces the sleep; false: there is something to do already. */
  #fallAsleep(): boolean {
    if (!this.#state.fallAsleep()) return false;
    for (const ring of this.#rings)
      if (!ring.sleepElsewhere()) {
        this.#awake();
        return false;
      }
    if (this.#inbox?.fallAsleep() === false) {
      this.#awake();
      return false;
    }
    return true;
  }

  /** Sends what still waits, and closes. */
  close(): void {
    this.#state.setPhase(WorkerPhase.Stopping);
    this.#pipeline.hurry();
    for (let steps = 0; steps < 64 && (!this.#idle || this.#pipeline.held > 0); steps++) this.step(0);
    this.#port.port.close();
    this.#epoch.offline();
    this.#state.setPhase(WorkerPhase.None);
    this.#inbox?.close();
    this.#commands.closed();
  }

  /** After a crash: touches nothing that is shared from here on, and leaves open nothing that a successor wants to open. */
  abandon(): void {
    this.#inbox?.close();
    this.#port.port.close();
  }

  #awake(): void {
    this.#state.awake();
    for (const ring of this.#rings) ring.awake();
    this.#inbox?.awake();
  }

  /** Opens the rules that the worker starts with; the UDP ports to which the forwards are bound. */
  #openForwards(): number[] {
    const forward = this.#forward;
    if (!forward) return [];
    try {
      for (const rule of this.#start.exposes) forward.openExpose(rule);
      return this.#start.forwards.map((rule, index) =>
        this.#port.guarded({ forward: index }, () => forward.openForward(rule)),
      );
    } catch (error) {
      this.#port.port.close(); // open sockets would keep the thread alive, or outlive it
      throw error;
    }
  }

  #openHandover(): Handover | undefined {
    const rings = this.#start.handover?.map(
      ({ ring, wakeFd }) =>
        new QueueProducer(ring, { batchBytes: HANDOVER_BATCH_BYTES, wake: () => this.#port.wake(wakeFd) }),
    );
    const tcp = rings?.at(-1);
    return rings && tcp && new Handover(this.#context, { udp: rings.slice(0, -1), tcp, worker: this.#start.worker });
  }

  #emulation(): EmulationStage | undefined {
    const { emulation, sockets, worker } = this.#start;
    if (!emulation) return undefined;
    return new EmulationStage(this.#context, emulation, sockets.length, seededRandom(emulation.seed + worker));
  }
}
