/** The mixed traffic of the soak: a load from source to sink, datagrams through a port forward and back, echo requests between all nodes. */
import { BadAnswerError, UsageError } from '../../ts/cli/errors.js';
import { seededRandom } from '../../ts/kit/random.js';
import type { LoadSinkReport, PingReply } from '../../ts/node/admin.types.js';
import { sleep } from '../lib/processes.js';
import { PINGER, SINK, SINK_PORT, SOURCE, type SoakNetwork } from './network.js';
import type { Program } from './program.js';

const LOAD = { destination: SINK, port: SINK_PORT, size: 400, rate: 2000, flows: 8 } as const;
const PING_EVERY_MS = 50;

/** What was sent and what came, from one start to the next. */
export interface TrafficTotals {
  readonly loadSent: number;
  readonly loadReceived: number;
  /** null: the source was started anew, and its numbers with it. */
  readonly loadDuplicates: number | null;
  /** Handed to the two programs of the port forward. */
  readonly serviceHanded: number;
  readonly clientHanded: number;
  readonly pings: number;
  readonly pingsAnswered: number;
}

export class Traffic {
  readonly #network: SoakNetwork;
  readonly #client: Program;
  readonly #service: Program;
  readonly #random;
  /** Sent by sources whose worker has crashed since. */
  #sentBefore = 0;
  #sourceRestarted = false;
  #pings = 0;
  #pingsAnswered = 0;
  #pinging: Promise<void> | undefined;
  #flows = false;
  #handedBefore = [0, 0] as readonly [number, number];

  constructor(network: SoakNetwork, client: Program, service: Program, seed: number) {
    this.#network = network;
    this.#client = client;
    this.#service = service;
    this.#random = seededRandom(seed);
    service.answer();
  }

  async start(): Promise<void> {
    this.#flows = true;
    this.#sentBefore = this.#pings = this.#pingsAnswered = 0;
    this.#sourceRestarted = false;
    this.#handedBefore = [this.#service.handed(), this.#client.handed()];
    await this.#network.node(SINK).process.startSink(SINK_PORT);
    await this.#network.node(SOURCE).process.startSource(LOAD);
    this.#client.send(this.#network.forwardPort);
    this.#pinging = this.#ping();
  }

  /** The source's worker was replaced: what it had sent stands, and a new source starts. */
  async resumeLoad(): Promise<void> {
    const source = this.#network.node(SOURCE).process;
    this.#sentBefore += (await source.source()).sent;
    this.#sourceRestarted = true;
    if (this.#flows) await source.startSource(LOAD);
  }

  /** Stops whatever starts a packet; those under way may still arrive. */
  async stop(): Promise<void> {
    this.#flows = false;
    this.#client.pause();
    await this.#network.node(SOURCE).process.stopSource();
    await this.#pinging;
  }

  /** To be read when nothing is under way any more. */
  async totals(): Promise<TrafficTotals> {
    const sink = await this.#network.node(SINK).process.admin.get<LoadSinkReport>('/load/sink');
    const { sent } = await this.#network.node(SOURCE).process.source();
    const [service, client] = this.#handedBefore;
    return {
      loadSent: this.#sentBefore + sent,
      loadReceived: sink.received,
      loadDuplicates: this.#sourceRestarted ? null : sink.duplicates,
      serviceHanded: this.#service.handed() - service,
      clientHanded: this.#client.handed() - client,
      pings: this.#pings,
      pingsAnswered: this.#pingsAnswered,
    };
  }

  /** From one node to all others by turns, and now and then back to it, for a node answers itself too. */
  async #ping(): Promise<void> {
    const { nodes } = this.#network;
    const { admin } = this.#network.node(PINGER).process;
    while (this.#flows) {
      const destination = nodes[this.#random.below(nodes.length)]?.id ?? SINK;
      this.#pings++;
      try {
        const size = this.#random.below(1100);
        const reply = await admin.get<PingReply>('/ping', { destination, timeoutMs: 1000, size });
        if (reply.received) this.#pingsAnswered++;
      } catch (error) {
        // A node that does not answer is seen when its counters are read.
        if (!(error instanceof UsageError || error instanceof BadAnswerError)) throw error;
      }
      await sleep(PING_EVERY_MS);
    }
  }
}
