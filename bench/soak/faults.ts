/** What goes wrong while packets flow: links are closed and opened, workers throw or hang, a relay is killed and comes back. */
import { seededRandom } from '../../ts/kit/random.js';
import { sleep, until } from '../lib/processes.js';
import { LEAVES, LINKS, PATIENCE_S, SOURCE, type SoakNetwork, type SoakNode, TCP_NODES, VICTIM } from './network.js';
import type { Traffic } from './traffic.js';

/** A link stays closed, a killed relay dead, for about this long, ms. */
const CLOSED_MS = 800;
const DEAD_MS = 1500;
const PAUSE_MS = 700;
/** Of each worker, before a long run. */
const SETTLING_CRASHES = 12;

export type FaultKind =
  | 'linkFlap'
  | 'leafLeaves'
  | 'workerCrash'
  | 'workerHang'
  | 'relayKill'
  | 'leafRestart'
  | 'portableCrash'
  | 'tcpCrash';
export type FaultCounts = Partial<Record<FaultKind, number>>;

/** Faults that leave every packet to be accounted for: the first ones in this order, so that the shortest run has one of each, then at random. */
const EXACT: readonly FaultKind[] = [
  'linkFlap',
  'leafLeaves',
  'workerCrash',
  'workerHang',
  'linkFlap',
  'leafLeaves',
  'workerCrash',
  'linkFlap',
];

export class Faults {
  readonly #network: SoakNetwork;
  readonly #traffic: Traffic;
  readonly #random;

  constructor(network: SoakNetwork, traffic: Traffic, seed: number) {
    this.#network = network;
    this.#traffic = traffic;
    this.#random = seededRandom(seed);
  }

  /** One fault after the other until the time is up: such as leave every packet to be accounted for. */
  async surviveFor(seconds: number): Promise<FaultCounts> {
    const counts: FaultCounts = {};
    const end = performance.now() + seconds * 1000;
    for (let i = 0; performance.now() < end; i++) {
      const kind = EXACT[i] ?? EXACT[this.#random.below(EXACT.length)] ?? 'linkFlap';
      if (kind === 'linkFlap') await this.#flap();
      else if (kind === 'leafLeaves') await this.#leave();
      else if (kind === 'workerHang') await this.#failWorker('workerHang', false);
      else await this.#failWorker('workerCrash', false);
      count(counts, kind);
      await sleep(PAUSE_MS);
    }
    return counts;
  }

  /** Faults that take packets along which nobody can count: a dead process's counters, the socket of a dead portable worker, and the connections of a dead worker for TCP. */
  async killFor(seconds: number): Promise<FaultCounts> {
    const counts: FaultCounts = {};
    const end = performance.now() + seconds * 1000;
    do {
      await this.#kill();
      count(counts, 'relayKill');
      await this.#restartLeaf();
      count(counts, 'leafRestart');
      await this.#failWorker('workerCrash', true);
      count(counts, 'portableCrash');
      await this.#failTcp();
      count(counts, 'tcpCrash');
      await sleep(PAUSE_MS);
    } while (performance.now() < end);
    return counts;
  }

  /**
   * Lets every native worker crash a few times. The allocator keeps memory of threads that have ended for the next ones: a process grows with its
   * first crashes up to a level, from which on a leak can be told from that.
   */
  async settleMemory(): Promise<void> {
    const natives = this.#network.nodes.filter(({ isPortable }) => !isPortable);
    for (let round = 0; round < SETTLING_CRASHES; round++)
      await Promise.all(
        natives.map(async (node) => {
          const all = node.workers + (TCP_NODES.includes(node.id) ? 1 : 0);
          for (let worker = 0; worker < all; worker++) await this.#replace(node, worker, 'crashWorker');
        }),
      );
  }

  async #flap(): Promise<void> {
    const [from, to] = LINKS[this.#random.below(LINKS.length)] as readonly [string, string];
    await this.#network.close(from, to);
    await sleep(CLOSED_MS * this.#random.unit());
    await this.#network.open(from, to);
  }

  /** A leaf says goodbye to all its relays and comes back. */
  async #leave(): Promise<void> {
    const leaf = this.#anyLeaf();
    const links = LINKS.filter(([from]) => from === leaf);
    for (const [from, to] of links) await this.#network.close(from, to);
    await sleep(CLOSED_MS * this.#random.unit());
    for (const [from, to] of links) await this.#network.open(from, to);
  }

  /** A leaf's process ends and is started again: its counters go with it. */
  async #restartLeaf(): Promise<void> {
    const leaf = this.#anyLeaf();
    const { process } = this.#network.node(leaf);
    await process.stop();
    await process.restart(PATIENCE_S);
    for (const [from, to] of LINKS) if (from === leaf) await this.#network.open(from, to);
  }

  #anyLeaf(): string {
    return LEAVES[this.#random.below(LEAVES.length)] as string;
  }

  async #failWorker(how: 'workerCrash' | 'workerHang', portable: boolean): Promise<void> {
    const candidates = this.#network.nodes.filter(({ isPortable }) => isPortable === portable);
    const node = candidates[this.#random.below(candidates.length)];
    if (!node) return; // all nodes are native, or none is
    await this.#replace(node, this.#random.below(node.workers), how === 'workerCrash' ? 'crashWorker' : 'hangWorker');
    if (node.id === SOURCE) await this.#traffic.resumeLoad();
  }

  /** The worker for TCP of one end dies, and with it all its connections, and what was on its way by them. */
  async #failTcp(): Promise<void> {
    const node = this.#network.node(TCP_NODES[this.#random.below(TCP_NODES.length)] as string);
    await this.#replace(node, node.workers, 'crashWorker');
  }

  async #replace({ process, id }: SoakNode, worker: number, kind: 'crashWorker' | 'hangWorker'): Promise<void> {
    const before = (await process.status()).workerRestarts;
    await process.admin.send('POST', '/faults', { kind, worker });
    await until(
      `a new worker of ${id}`,
      async () => (await process.answers(PATIENCE_S)).workerRestarts > before || undefined,
      PATIENCE_S,
    );
  }

  async #kill(): Promise<void> {
    const { process } = this.#network.node(VICTIM);
    process.signal('SIGKILL');
    await sleep(DEAD_MS);
    await process.restart(PATIENCE_S);
    for (const [from, to] of LINKS) if (from === VICTIM) await this.#network.open(from, to);
    await this.#network.routed();
  }
}

function count(counts: FaultCounts, kind: FaultKind): void {
  counts[kind] = (counts[kind] ?? 0) + 1;
}
