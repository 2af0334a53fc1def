/**
 * Thousands of leaves at one relay, a real node with a neighbour of its own: how long they take to join when all come at once, what they
 * cost when they are idle, in memory and when somebody looks, and whether packets reach them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseNodeId } from '../ts/kit/node-id.js';
import { BenchNode } from './lib/bench-node.js';
import { cpuNanoseconds, residentBytes } from './lib/cpu-time.js';
import { SWARM_KEY, type SwarmCounts, type SwarmOrder } from './lib/leaf-swarm-messages.js';
import { sleep, until } from './lib/processes.js';
import { type BenchOptions, finish, printTable, progress } from './lib/report.js';

export interface LeavesResult {
  readonly leaves: number;
  /** From the first dial until the relay counts all; the dials are spread over a second. */
  readonly joinMs: number;
  readonly handshakesPerSecond: number;
  /** The same after the relay was killed and started again: all find out, and dial. */
  readonly returnMs: number;
  /** Link to the neighbour: whether it ever was not up while they joined. */
  readonly neighbourLost: boolean;
  /** Per cent of one core when all are idle: the relay without and with them, and all leaves together. */
  readonly relayCpuBefore: number;
  readonly relayCpu: number;
  readonly leavesCpu: number;
  /** Bytes of resident memory a leaf, at the relay and in the swarm. */
  readonly relayBytesPerLeaf: number;
  readonly leafBytes: number;
  /** Echo requests between leaves, and from the neighbour to leaves, and answers. */
  readonly pings: number;
  readonly answers: number;
  /** How long the relay takes to answer, ms. */
  readonly linksMs: number;
  readonly statusMs: number;
}

const LEAVES = 2000;
const SMOKE_LEAVES = 100;
/** From the last join until hellos are at their idle interval and MTUs are found. */
const REST_MS = 15_000;
const IDLE_MS = 20_000;
const PINGS = 200;
const LOOK_MS = 50;

export async function benchLeaves(options: BenchOptions): Promise<number> {
  const results: LeavesResult[] = [];
  for (let round = 0; round < options.rounds; round++) {
    progress(`leaves, round ${round + 1}/${options.rounds}`);
    results.push(await measureLeaves(options.smoke ? SMOKE_LEAVES : LEAVES, options.smoke));
  }
  finish(options, 'leaves', results, () => print(results), []);
  return results.every(({ pings, answers, neighbourLost }) => answers >= 0.99 * pings && !neighbourLost) ? 0 : 1;
}

export async function measureLeaves(leaves: number, quick: boolean): Promise<LeavesResult> {
  const args = [
    '--max-leaves',
    String(Math.max(1024, Math.ceil(1.25 * leaves))),
    '--network-key',
    SWARM_KEY,
    '--log-level',
    'silent',
  ];
  const relay = await BenchNode.start({ id: '1.1.1.1', place: 'relay', args });
  const neighbour = await BenchNode.start({
    id: '1.1.1.2',
    place: 'ends',
    args: ['--network-key', SWARM_KEY],
    peers: [{ id: relay.id, port: relay.port }],
  });
  const swarm = new SwarmProcess();
  try {
    await neighbour.routeTo(relay.id);
    await sleep(quick ? 1000 : REST_MS);
    const [relayCpuBefore] = await cpuShares([relay.pid], quick ? 1000 : IDLE_MS);
    const bytesBefore = residentBytes(relay.pid);
    const swarmBefore = (await swarm.ask({ kind: 'count' })).residentBytes;

    const watch = watchNeighbour(neighbour, relay.id);
    const ids = leafIds(leaves);
    const from = performance.now();
    await swarm.order({ kind: 'join', relay: idOf(relay.id), port: relay.port, ids, withinMs: 1000 });
    try {
      await allJoined(relay, leaves);
    } catch (error) {
      throw new Error(`${(await relay.status()).leaves} of ${leaves} leaves have joined`, { cause: error });
    }
    const joinMs = performance.now() - from;
    const neighbourLost = await watch.end();

    await sleep(quick ? 2000 : REST_MS);
    const [relayCpu, leavesCpu] = await cpuShares([relay.pid, swarm.pid], quick ? 1000 : IDLE_MS);
    const relayBytes = residentBytes(relay.pid) - bytesBefore;
    const swarmBytes = (await swarm.ask({ kind: 'count' })).residentBytes - swarmBefore;

    const pairs = Array.from(
      { length: Math.min(PINGS, leaves) },
      (_, i) => [ids[i], ids[(i * 7 + 1) % leaves]] as const,
    );
    await swarm.order({ kind: 'ping', pairs: pairs as [number, number][] });
    await sleep(1000);
    const { pings, answers } = await swarm.ask({ kind: 'count' });
    await neighbour.routeTo('1.1.1.3');

    const linksMs = await timed(() => relay.links());
    const statusMs = await timed(() => relay.status());

    relay.signal('SIGKILL');
    const again = performance.now();
    await relay.restart();
    await allJoined(relay, leaves);
    return {
      leaves,
      joinMs,
      handshakesPerSecond: (1000 * leaves) / joinMs,
      returnMs: performance.now() - again,
      neighbourLost,
      relayCpuBefore: relayCpuBefore as number,
      relayCpu: relayCpu as number,
      leavesCpu: leavesCpu as number,
      relayBytesPerLeaf: relayBytes / leaves,
      leafBytes: swarmBytes / leaves,
      pings,
      answers,
      linksMs,
      statusMs,
    };
  } finally {
    swarm.stop();
    await Promise.all([relay.stop(), neighbour.stop()]);
  }
}

class SwarmProcess {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('./lib/leaf-swarm-process.js', import.meta.url)));

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async order(order: SwarmOrder): Promise<void> {
    this.#child.send(order);
    if (order.kind === 'join') await this.#answer();
  }

  async ask(order: SwarmOrder & { readonly kind: 'count' }): Promise<SwarmCounts> {
    this.#child.send(order);
    return (await this.#answer()) as SwarmCounts;
  }

  stop(): void {
    this.#child.kill();
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', resolve);
      this.#child.once('exit', () => reject(new Error('the leaves have ended early')));
    });
  }
}

/** The relay's own group first, then others: of these nobody hears but the relay. */
function leafIds(count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const n = i + 2; // 1.1.1.1 and 1.1.1.2 are taken
    return idOf(`1.1.${1 + Math.floor(n / 255)}.${1 + (n % 255)}`);
  });
}

function idOf(text: string): number {
  const id = parseNodeId(text);
  if (id === undefined) throw new Error(`${text} is no id`);
  return id;
}

async function allJoined(relay: BenchNode, leaves: number): Promise<void> {
  await until(
    `${leaves} leaves`,
    async () => {
      await sleep(LOOK_MS); // each look costs the relay time that it needs for the leaves
      try {
        return (await relay.status()).leaves === leaves || undefined;
      } catch {
        return undefined; // it is starting
      }
    },
    120,
  );
}

/** Looks at the link from its other end until told to end, for the relay is busy; whether it was down. */
function watchNeighbour(neighbour: BenchNode, peer: string): { end(): Promise<boolean> } {
  let lost = false;
  const ended = new AbortController();
  const watching = (async () => {
    while (!ended.signal.aborted) {
      const link = (await neighbour.links()).find((one) => one.peer === peer);
      if (link?.state !== 'up') lost = true;
      await sleep(100);
    }
  })();
  watching.catch(() => undefined); // told by `end`, if it comes to that
  return {
    end: async () => {
      ended.abort();
      await watching;
      return lost;
    },
  };
}

/** Per cent of one core that each process spends in the next `ms`. */
async function cpuShares(pids: readonly number[], ms: number): Promise<number[]> {
  const before = pids.map(cpuNanoseconds);
  const from = performance.now();
  await sleep(ms);
  const spent = (performance.now() - from) * 1e6;
  return pids.map((pid, i) => (100 * (cpuNanoseconds(pid) - (before[i] as number))) / spent);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function print(results: readonly LeavesResult[]): void {
  printTable(
    'Leaves at one relay; CPU in per cent of a core, idle (goal: 1 % each way)',
    [
      'leaves',
      'join s',
      'per s',
      'return s',
      'relay CPU',
      '(without)',
      'leaves CPU',
      'relay B/leaf',
      'leaf B',
      'pings',
      'links ms',
      'status ms',
    ],
    results.map((row) => [
      row.leaves,
      (row.joinMs / 1000).toFixed(2),
      row.handshakesPerSecond.toFixed(0),
      (row.returnMs / 1000).toFixed(2),
      row.relayCpu.toFixed(2),
      row.relayCpuBefore.toFixed(2),
      row.leavesCpu.toFixed(2),
      row.relayBytesPerLeaf.toFixed(0),
      row.leafBytes.toFixed(0),
      `${row.answers}/${row.pings}`,
      row.linksMs.toFixed(0),
      row.statusMs.toFixed(0),
    ]),
  );
}
