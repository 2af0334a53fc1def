/**
 * The network that is soaked: ten processes, native but for three, with real sockets on loopback.
 *
 * ```
 *   source 11 ──┬── relay 1 ─(1 % loss)─ relay 2 ──┬── sink, service 12
 *               │      │                    │      │
 *   client 13 ──┤      │                    │      │        1 has two workers; 3 and 14 are portable
 *               │      │                    │      │
 *               └── relay 4 ──────────── relay 3 ──┴── pinger 14
 *                      leaves 77, 78 at relays 1 and 2
 * ```
 * The sink's links are over TCP, all others over UDP.
 * Links are opened and closed by the admin interface, so that the network can hang up: without sessions no hello is sent, all counters stand
 * still, and every frame must be accounted for.
 */
import type { ResourcesReport, StatusReport } from '../../ts/node/admin.types.js';
import { BenchNode } from '../lib/bench-node.js';
import { freePort, until } from '../lib/processes.js';

export const SOURCE = '1.1.1.11';
export const SINK = '1.1.1.12';
export const CLIENT = '1.1.1.13';
export const PINGER = '1.1.1.14';
const RELAYS = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] as const;
/** The relay that is killed, and the portable one. */
export const VICTIM = RELAYS[3];
export const LEAVES: readonly string[] = ['1.1.1.77', '1.1.1.78'];
const PORTABLE: readonly string[] = [RELAYS[2], PINGER, '1.1.1.78'];
const WORKERS: Readonly<Record<string, number>> = { [RELAYS[0]]: 2 };

export const SINK_PORT = 6000;
export const SERVICE_PORT = 7000;

/** Eight processes that start at once on two cores, with other work beside, take their time. */
export const PATIENCE_S = 60;

/** Who dials whom. */
export const LINKS: readonly (readonly [string, string])[] = [
  [RELAYS[0], RELAYS[1]],
  [RELAYS[1], RELAYS[2]],
  [RELAYS[2], RELAYS[3]],
  [RELAYS[3], RELAYS[0]],
  [SOURCE, RELAYS[0]],
  [SOURCE, RELAYS[3]],
  [CLIENT, RELAYS[0]],
  [CLIENT, RELAYS[3]],
  [SINK, RELAYS[1]],
  [SINK, RELAYS[2]],
  [PINGER, RELAYS[2]],
  [PINGER, RELAYS[1]],
  ...LEAVES.flatMap((leaf) => [[leaf, RELAYS[0]] as const, [leaf, RELAYS[1]] as const]),
];

/** Whoever listens for TCP, and so has a worker for it behind all others; their links with each other that are over TCP: those of the sink. */
export const TCP_NODES: readonly string[] = [SINK, RELAYS[1], RELAYS[2]];

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  [RELAYS[0]]: ['--emulate', `${RELAYS[1]} delay=3ms jitter=1ms loss=1%`],
  [VICTIM]: ['--emulate', `${RELAYS[0]} rate=20Mbit`],
};

export interface SoakNode {
  readonly id: string;
  readonly process: BenchNode;
  readonly isPortable: boolean;
  readonly workers: number;
  /** Where it listens for TCP; 0: it does not. */
  readonly tcpPort: number;
}

/** What a node says of itself at one moment. */
export interface NodeState {
  readonly status: StatusReport;
  readonly resources: ResourcesReport;
}

export class SoakNetwork {
  readonly nodes: readonly SoakNode[];
  /** The port of the client's forward. */
  readonly forwardPort: number;

  private constructor(nodes: readonly SoakNode[], forwardPort: number) {
    this.nodes = nodes;
    this.forwardPort = forwardPort;
  }

  /** Starts all processes; nobody is linked with anybody yet. `servicePort`: where the program listens that the sink's node exposes. */
  static async start(servicePort: number): Promise<SoakNetwork> {
    const forwardPort = await freePort();
    const forwards: Readonly<Record<string, readonly string[]>> = {
      [CLIENT]: ['--forward', `udp://127.0.0.1:${forwardPort}=${SINK}:${SERVICE_PORT}`],
      [SINK]: ['--expose', `${SERVICE_PORT}=udp://127.0.0.1:${servicePort}`],
    };
    const ids = [...RELAYS, SOURCE, SINK, CLIENT, PINGER, ...LEAVES];
    const nodes = await Promise.all(
      ids.map(async (id): Promise<SoakNode> => {
        const isPortable = PORTABLE.includes(id);
        const workers = WORKERS[id] ?? 1;
        const path = isPortable ? ['--packet-path', 'portable'] : ['--workers', `${workers}`];
        const role = LEAVES.includes(id) ? ['--role', 'leaf'] : [];
        const tcpPort = TCP_NODES.includes(id) ? await freePort() : 0;
        const tcp = tcpPort === 0 ? [] : ['--listen', `tcp://127.0.0.1:${tcpPort}`];
        const args = ['--allow-faults', ...role, ...path, ...tcp, ...(ARGUMENTS[id] ?? []), ...(forwards[id] ?? [])];
        const process = await BenchNode.start({ id, place: 'anywhere', args }, PATIENCE_S);
        const { packetPath } = await process.status();
        return { id, process, isPortable: packetPath.kind === 'portable', workers, tcpPort };
      }),
    );
    return new SoakNetwork(nodes, forwardPort);
  }

  node(id: string): SoakNode {
    const found = this.nodes.find((node) => node.id === id);
    if (!found) throw new Error(`there is no node ${id}`);
    return found;
  }

  /** Opens all links, and waits until every node has a route to every other one; leaves: a relay. */
  async dial(): Promise<void> {
    for (const [from, to] of LINKS) await this.open(from, to);
    await this.routed();
  }

  async routed(): Promise<void> {
    for (const { id, process } of this.nodes) {
      const isRouted = async () => {
        const { routes, links } = await process.status();
        return (LEAVES.includes(id) ? links > 0 : routes >= this.nodes.length - LEAVES.length - 1) || undefined;
      };
      await until(`routes from ${id} to all`, isRouted, PATIENCE_S);
    }
  }

  async open(from: string, to: string): Promise<void> {
    const { process, tcpPort } = this.node(to);
    const isOverTcp = from === SINK && TCP_NODES.includes(to);
    const peer = `${to}@${isOverTcp ? `tcp://127.0.0.1:${tcpPort}` : `udp://127.0.0.1:${process.port}`}`;
    await this.node(from).process.admin.send('POST', '/peers', { peer });
  }

  async close(from: string, to: string): Promise<void> {
    await this.node(from).process.admin.send('DELETE', `/peers?id=${to}`);
  }

  /** Closes all links. */
  async hangUp(): Promise<void> {
    for (const [from, to] of LINKS) await this.close(from, to);
  }

  /** What all nodes say of themselves, in the order of {@link nodes}. Throws with its last words when one has died. */
  states(): Promise<NodeState[]> {
    return Promise.all(
      this.nodes.map(async ({ process }) => ({
        status: await process.answers(PATIENCE_S),
        resources: await process.admin.get<ResourcesReport>('/resources'),
      })),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.stop()));
  }
}
