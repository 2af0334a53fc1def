/**
 * A chain of source, relay and sink: three processes on loopback. Source and sink are always real nodes, and the same ones whatever
 * stands between them, so what differs between two chains is the relay alone:
 *
 * ```
 *   node 1.1.1.1 ---- relay ---- node 1.1.1.3
 *                       |
 *                       portolan   a node, 1.1.1.2: checks tags, looks up, rewrites
 *                       portable   the same without native parts
 *                       c, dgram   transparent: passes on the frames of a link between 1.1.1.1 and 1.1.1.3
 * ```
 */
import { fileURLToPath } from 'node:url';
import type { LoadSourceRequest } from '../../ts/node/admin.types.js';
import { baseline } from '../baseline/build.js';
import { BenchNode } from './bench-node.js';
import { cpuNanoseconds } from './cpu-time.js';
import { type Child, freePort, sleep, start } from './processes.js';

export type RelayKind = 'portolan' | 'portolan, no tags' | 'portable' | 'c' | 'dgram';

export interface ChainOptions {
  readonly relay: RelayKind;
  readonly gso: boolean;
}

/** What one stretch of load has shown. */
export interface Flow {
  readonly seconds: number;
  readonly sent: number;
  readonly received: number;
  readonly receivedBytes: number;
  readonly lossRatio: number;
  readonly packetsPerSecond: number;
  /** CPU time that the relay's process spent a packet, µs. */
  readonly relayMicrosPerPacket: number;
  readonly delayMicros: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  } | null;
}

const SOURCE = '1.1.1.1';
const RELAY = '1.1.1.2';
const SINK = '1.1.1.3';
const SINK_PORT = 6000;
const ECHO_PORT = 6001;

/** The two headers in front of a payload: a "64 B" packet of a bench is 64 bytes on the wire. */
const HEADERS_BYTES = 48;

export class Chain {
  readonly source: BenchNode;
  readonly sink: BenchNode;
  readonly #relay: BenchNode | Child;

  private constructor(source: BenchNode, sink: BenchNode, relay: BenchNode | Child) {
    this.source = source;
    this.sink = sink;
    this.#relay = relay;
  }

  /** Starts the three processes and waits until both ends have a route to each other. */
  static async start(options: ChainOptions): Promise<Chain> {
    const args = [
      ...(options.gso ? [] : ['--no-gso', '--no-gro']),
      ...(options.relay === 'portolan, no tags' ? ['--no-tags'] : []),
    ];
    const sink = await BenchNode.start({ id: SINK, place: 'ends', args });
    const { relay, peer } = await startRelay(options, sink, args);
    const source = await BenchNode.start({ id: SOURCE, place: 'ends', args, peers: [peer] });
    await Promise.all([source.routeTo(SINK), sink.routeTo(SOURCE)]);
    return new Chain(source, sink, relay);
  }

  get relayPid(): number {
    return this.#relay.pid;
  }

  /** Lets packets of `frameBytes` on the wire flow at `rate` a second (0: as fast as they come) and measures. */
  async flow(frameBytes: number, rate: number, seconds: number): Promise<Flow> {
    await this.sink.startSink(SINK_PORT);
    return this.#measure(
      this.sink,
      { destination: SINK, port: SINK_PORT, size: frameBytes - HEADERS_BYTES, rate },
      seconds,
    );
  }

  /** Sends echo requests and measures their round trips: both crossings of the relay, no main thread in between. */
  async echo(frameBytes: number, rate: number, seconds: number): Promise<Flow> {
    await this.source.startSink(ECHO_PORT);
    const request = {
      destination: SINK,
      port: SINK_PORT,
      size: frameBytes - HEADERS_BYTES,
      rate,
      echo: true,
      sourcePort: ECHO_PORT,
    };
    return this.#measure(this.source, request, seconds);
  }

  async #measure(receiver: BenchNode, request: LoadSourceRequest, seconds: number): Promise<Flow> {
    const cpuBefore = cpuNanoseconds(this.relayPid);
    const started = performance.now();
    await this.source.startSource(request);
    await sleep(seconds * 1000);
    const { sent } = await this.source.stopSource();
    const took = (performance.now() - started) / 1000;
    await sleep(60); // what is still on its way
    const cpu = cpuNanoseconds(this.relayPid) - cpuBefore;
    const { received, receivedBytes, delayMicros } = await receiver.sink();
    return {
      seconds: took,
      sent,
      received,
      receivedBytes,
      lossRatio: sent === 0 ? 0 : Math.max(0, 1 - received / sent),
      packetsPerSecond: received / took,
      relayMicrosPerPacket: received === 0 ? Number.NaN : cpu / 1000 / received,
      delayMicros,
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.source.stop(), this.sink.stop(), this.#relay.stop()]);
  }
}

async function startRelay(
  { relay, gso }: ChainOptions,
  sink: BenchNode,
  args: readonly string[],
): Promise<{ relay: BenchNode | Child; peer: { id: string; port: number } }> {
  if (relay === 'c' || relay === 'dgram') {
    const port = await freePort();
    const child =
      relay === 'c'
        ? start('relay', baseline('relay'), [
            '--listen',
            `${port}`,
            '--to',
            `${sink.port}`,
            ...(gso ? [] : ['--no-gso']),
          ])
        : start('relay', process.execPath, [dgramRelay, `${port}`, `${sink.port}`]);
    await child.line('ready');
    return { relay: child, peer: { id: SINK, port } };
  }
  const node = await BenchNode.start({
    id: RELAY,
    place: 'relay',
    args: relay === 'portable' ? [...args, '--packet-path', 'portable'] : args,
    peers: [{ id: SINK, port: sink.port }],
  });
  return { relay: node, peer: { id: RELAY, port: node.port } };
}

const dgramRelay = fileURLToPath(new URL('../baseline/dgram-relay.js', import.meta.url));
