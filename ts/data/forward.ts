/**
 * The forward stage: port forwards, in which UDP of programs that know nothing of the overlay crosses it. Its two ends are forward-entry.ts
 * and forward-exit.ts; here it is decided which end a run belongs to. All flows are worker 0's (handover.ts).
 */
import {
  BATCH_NOW,
  BATCH_RUN_COUNT,
  type Batch,
  RUN_FRAME,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RUN_WORDS,
  RUNS,
  RunKind,
  runAt,
  Verdict,
} from '../memory/batch.js';
import { COUNTER } from '../memory/counter-names.js';
import type { ErrorName } from '../wire/error-payload.js';
import { OFFSET_DESTINATION_PORT } from '../wire/network-header.js';
import type { StageContext } from './context.js';
import { FIRST_FLOW_PORT, ForwardEntry } from './forward-entry.js';
import { ForwardExit } from './forward-exit.js';
import type { RunTaker } from './local.js';
import type { ExposeRule, ForwardRule } from './worker-contract.js';

/** A flow ends when nobody has used it for so long, ms: as NATs keep UDP, RFC 4787 asks for at least two minutes only of open ones. */
export const FLOW_IDLE_MS = 60_000;

export class ForwardStage implements RunTaker {
  readonly #context: StageContext;
  readonly #batch: Batch;
  readonly #entry: ForwardEntry;
  readonly #exit: ForwardExit;
  readonly #idleMs: number;

  constructor(context: StageContext, idleMs = FLOW_IDLE_MS) {
    this.#context = context;
    this.#batch = context.batch;
    this.#entry = new ForwardEntry(context);
    this.#exit = new ForwardExit(context);
    this.#idleMs = idleMs;
  }

  /** Opens a forward; returns the UDP port to which it is bound. Throws an Error with a `code` when it cannot be. */
  openForward(rule: ForwardRule): number {
    return this.#context.port.boundPort(this.#entry.open(rule));
  }

  openExpose(rule: ExposeRule): void {
    this.#exit.open(rule);
  }

  /** Closes a forward or an expose; false when there is none with this id. */
  close(rule: number): boolean {
    return this.#entry.close(rule) || this.#exit.close(rule);
  }

  /** A datagram did not arrive at the other end: tells the client of a flow, by its virtual port, if that can be done here. */
  unreachable(flowPort: number, destination: number, destinationPort: number, error: ErrorName): void {
    const told = this.#entry.unreachable(flowPort, destination, destinationPort, error);
    if (told !== undefined) this.#context.counters.add(told ? COUNTER.refusalsTold : COUNTER.refusalsUntold, 1);
  }

  /** Makes packets of the datagrams of local sockets; before the route stage. Returns the number of runs. */
  step(): number {
    const { words, floats } = this.#batch;
    const now = floats[BATCH_NOW / 8] as number;
    this.#entry.expire(now - this.#idleMs);
    this.#exit.expire(now - this.#idleMs);
    const runs = words[BATCH_RUN_COUNT] as number;
    let entered = 0;
    for (let index = 0; index < runs; index++) {
      const run = runAt(index);
      if (words[run + RUN_KIND] === RunKind.Refused && words[run + RUN_VERDICT] === Verdict.Undecided)
        this.#exit.refused(run);
      if (words[run + RUN_KIND] !== RunKind.Raw || words[run + RUN_VERDICT] !== Verdict.Undecided) continue;
      this.#enter(run, index);
      entered++;
    }
    return entered;
  }

  /** Packets for a port of a forward. */
  take(run: number): void {
    const port = this.#batch.slab.getUint16((this.#batch.words[run + RUN_FRAME] as number) + OFFSET_DESTINATION_PORT);
    const index = (run - RUNS / 4) / RUN_WORDS;
    if (port >= FIRST_FLOW_PORT) this.#entry.leave(run, index);
    else this.#exit.leave(index);
  }

  #enter(run: number, index: number): void {
    const { words } = this.#batch;
    const socket = words[run + RUN_LINK] as number;
    if (this.#entry.owns(socket)) return this.#entry.enter(run, index);
    if (this.#exit.owns(socket)) return this.#exit.enter(run, index);
    // The socket was closed after the datagrams had come.
    const packets = words[run + RUN_PACKETS] as number;
    this.#context.counters.add(COUNTER.originated, packets);
    this.#context.counters.add(COUNTER.strangers, packets);
    words[run + RUN_VERDICT] = Verdict.Drop;
  }
}
