/**
 * The two planes of a node, joined: shared memory, workers, and the control plane that drives them. No names, no texts, no admin: `node.ts`
 * puts those on top.
 *
 * ```
 *   workers ──punts──> driver ──inputs──> ControlNode ──outputs──> tables · rings · events
 *      └───deliveries──────────────────────────────────> sockets, echo
 * ```
 */

import type { ControlEvent, Output, PeerAddress } from '../control/io.js';
import { createControlNode } from '../control/node.js';
import type { ControlNode } from '../control/node.types.js';
import { monotonicNow, unixSeconds } from '../edge/clock.js';
import { entropy } from '../edge/entropy.js';
import { BundleWriter } from '../memory/bundles.js';
import { COUNTER } from '../memory/counter-names.js';
import { CounterBlock } from '../memory/counters.js';
import { DirectTableWriter } from '../memory/direct-table.js';
import { createWires } from '../memory/emulated-wires.js';
import { Epochs } from '../memory/epochs.js';
import { createFlowCounts } from '../memory/flow-counts.js';
import { ForwardingTableWriter } from '../memory/forwarding-table.js';
import { storeHandshakeKey } from '../memory/handshake-gate.js';
import { LinkTableWriter } from '../memory/link-table.js';
import { createLoadStats } from '../memory/load-stats.js';
import { PathMtus } from '../memory/path-mtus.js';
import { PinTableWriter } from '../memory/pin-table.js';
import { PortHandler, PortTableWriter } from '../memory/port-table.js';
import { createRegion, markAsLeaf, type Region } from '../memory/region.js';
import { takeUnfinished } from '../memory/unfinished.js';
import { createWireBacklogs } from '../memory/wire-backlogs.js';
import { WorkerStates } from '../memory/worker-state.js';
import { networkSecrets } from '../wire/session-keys.js';
import type { ResourcesReport } from './admin.types.js';
import { Backpressure } from './backpressure.js';
import { BoundSockets } from './bound-sockets.js';
import { ControlDriver } from './control-driver.js';
import { ControlSender } from './control-sender.js';
import { drainDeliveries } from './deliveries.js';
import { EchoClient } from './echo.js';
import { emulationRules } from './emulation.js';
import { FlowWatch } from './flow-watch.js';
import { LinkInstaller } from './link-installer.js';
import { linkObserver } from './link-observer.js';
import { listenClaims } from './listen-claims.js';
import { NodeLoad } from './load.js';
import type { NodeConfig } from './options.js';
import { outputExecutor } from './outputs.js';
import type { PacketPath } from './packet-path.js';
import { PinInstaller } from './pin-installer.js';
import { drainPunts } from './punts.js';
import { LinkRates, type ListenRates } from './rates.js';
import { resourcesReport } from './resources.js';
import { RouteFinder } from './route-finder.js';
import { RoutePins } from './route-pins.js';
import type { Rules } from './rules.js';
import { TcpListen } from './tcp-listen.js';
import { WorkerPool, type WorkerResources } from './worker-pool.js';
import type { SupervisorEvents } from './worker-supervisor.js';

/** Pinned paths that a node keeps, those through it and its own. */
const PINS = 1024;
/** How long a closing node waits for its goodbyes and its sockets' datagrams to leave, and then for its workers to end, ms. */
const FLUSH_MS = 500;
const WORKER_GRACE_MS = 1000;

/** What a node that leaves does not change any more: it forwards as it did, until its neighbours send it nothing. */
const KEPT_WHILE_LEAVING: ReadonlySet<Output['kind']> = new Set(['route', 'defaultRoute', 'direct', 'leafDown']);

export interface CoreEvents extends Pick<SupervisorEvents, 'onReady' | 'onMessage' | 'onRestarted' | 'onWarning'> {
  readonly onEvent: (event: ControlEvent) => void;
}

export class Core {
  readonly region: Region;
  readonly links: LinkTableWriter;
  readonly ports: PortTableWriter;
  readonly control: ControlNode;
  readonly driver: ControlDriver;
  readonly pool: WorkerPool;
  readonly sockets: BoundSockets;
  readonly echo: EchoClient;
  readonly routeFinder: RouteFinder;
  readonly routePins: RoutePins;
  readonly load: NodeLoad;
  readonly rates: LinkRates;
  readonly tcpListen: TcpListen;
  readonly #needsTcp: boolean;
  readonly #installer: LinkInstaller;
  readonly #pinInstaller: PinInstaller;
  readonly #flowWatch: FlowWatch | undefined;
  readonly #states: WorkerStates;
  readonly #counters: CounterBlock;
  readonly #onWarning: (message: string) => void;
  #leaving = false;

  constructor(config: NodeConfig, networkKey: Uint8Array, path: PacketPath, rules: Rules, events: CoreEvents) {
    const bootEpoch = Math.floor(unixSeconds() * 1e6);
    const { maxLinks, maxLeaves, role } = config;
    const linkCapacity = maxLinks + 1;
    this.region = createRegion({
      workers: path.workers + 1,
      links: linkCapacity + maxLeaves,
      leaves: maxLeaves,
      pins: PINS,
    });
    if (role === 'leaf') markAsLeaf(this.region);
    storeHandshakeKey(this.region, networkSecrets(networkKey));
    const counters = new CounterBlock(this.region, path.workers + 1);
    this.#counters = counters;
    this.#onWarning = events.onWarning;
    this.tcpListen = new TcpListen(config.listen);
    const dialsTcp = [...config.peers, ...config.bootstrap].some(({ scheme }) => scheme === 'tcp');
    this.#needsTcp = dialsTcp || !this.tcpListen.isEmpty;
    this.links = new LinkTableWriter(this.region);
    this.ports = new PortTableWriter(this.region);
    const epochs = new Epochs(this.region);
    const states = new WorkerStates(this.region);
    this.#states = states;
    const loadStats = createLoadStats(path.workers + 1);
    this.rates = new LinkRates(listenRates(config), linkCapacity + maxLeaves, path.workers);
    for (const peer of config.peerRates) this.rates.setPeer(peer);
    const backlogs = createWireBacklogs(this.rates.wires);
    const flows = createFlowCounts(path.workers + 1);
    this.pool = new WorkerPool(
      path.workers,
      { ...path.common, self: config.id, region: this.region.buffer, backlogs, flows, load: loadStats },
      {
        ...path.resources,
        emulation: emulationStart(config),
        tcpSockets: () => this.tcpListen.sockets(),
        optionOf: (scheme, socket) =>
          scheme === 'tcp' ? this.tcpListen.optionOf(socket) : (path.listen[socket]?.option ?? 'listen'),
        forwards: () => rules.forwards(),
        exposes: () => rules.exposes(),
      },
      {
        ...events,
        drainControl: (rings) => drainPunts(rings, this.driver),
        drainData: (rings) =>
          drainDeliveries(rings, { echo: this.echo, onDatagram: this.sockets.deliver.bind(this.sockets) }),
        states,
        onCrash: (worker) => states.reset(worker),
        onStuck: (worker) => {
          const isolated = path.isolate(worker);
          // Without a socket nothing that it holds of the tables can do harm, and their entries can be used again.
          if (isolated) epochs.leave(worker);
          events.onWarning(stuckWarning(worker, isolated));
        },
        onRestarted: (...restart) => {
          this.driver.input((control, now) => control.handleCommand({ kind: 'resume' }, now));
          events.onRestarted(...restart);
        },
      },
      monotonicNow,
    );
    const sender = new ControlSender(this.pool, this.links, counters);
    const { rings: udp, tcpRings: tcp } = this.pool;
    this.sockets = new BoundSockets({
      self: config.id,
      rings: udp,
      backpressure: new Backpressure({ self: config.id, region: this.region, links: this.links, udp, tcp, backlogs }),
      counters,
      mark: (port, bound) => this.ports.set(port, bound ? PortHandler.Socket : PortHandler.None),
    });
    this.load = new NodeLoad({
      pool: this.pool,
      handlers: this.ports,
      ports: this.sockets.ports,
      stats: loadStats,
    });
    this.routeFinder = new RouteFinder(config.id, () => this.driver);
    this.routePins = new RoutePins(config.id, () => this.driver);
    this.echo = new EchoClient(config.id, (frame) => sender.sendPacket(frame), monotonicNow, bootEpoch);
    this.#installer = new LinkInstaller({
      table: this.links,
      bundles: new BundleWriter(this.region),
      epochs,
      rates: this.rates,
      now: monotonicNow,
      isFlushed: (link) => sender.isIdle(link),
      onFree: (link) => {
        this.pool.drainControlNow();
        this.driver.input((control) => control.handleLinkFree(link));
      },
    });
    this.#pinInstaller = new PinInstaller(new PinTableWriter(this.region, epochs), epochs, (label) =>
      this.driver.input((control) => control.handlePinFree(label)),
    );
    this.control = createControlNode({
      id: config.id,
      linkTerms: (peer, address, socket) => this.rates.termsOf(peer, address, socket),
      networkKey,
      bootEpoch,
      peers: config.peers,
      neighbours: config.neighbours,
      bootstrap: config.bootstrap,
      listens: () => listenClaims([...path.addresses(), ...this.tcpListen.addresses()]),
      dialsTcp: this.#needsTcp,
      sockets: path.sockets,
      linksPerPeer: config.linksPerPeer,
      entropy,
      random: Math.random,
      observer: linkObserver(this.links),
      role,
      linkCapacity,
      leafCapacity: maxLeaves,
      pinCapacity: PINS,
      optimise: config.optimise,
      tags: config.tags,
      probeMtu: path.kind === 'native',
      measureBandwidth: true,
    });
    const execute = outputExecutor({
      forwarding: new ForwardingTableWriter(this.region),
      paths: new PathMtus(this.region),
      direct: new DirectTableWriter(this.region, epochs),
      links: this.#installer,
      pins: this.#pinInstaller,
      sender,
      counters,
      onEvent: events.onEvent,
      onJobDone: (result) => this.driver.input((control, now) => control.handleJobDone(result, now)),
    });
    this.driver = new ControlDriver(
      this.control,
      (output) => {
        if (!this.#leaving || !KEPT_WHILE_LEAVING.has(output.kind)) execute(output);
      },
      monotonicNow,
      () => this.pool.drainControlNow(), // copies of hellos come quietly
    );
    // A leaf has its relays' ways: there is nothing to better.
    if (role === 'relay') this.#flowWatch = new FlowWatch(flows, this.driver);
  }

  /** Resolves when the workers receive and the peers are being dialed. */
  async start(): Promise<void> {
    await Promise.all([this.pool.start(), this.#needsTcp ? this.pool.startTcp() : undefined]);
    this.driver.input((control, now) => control.start(now));
    this.#flowWatch?.start();
  }

  resources(): ResourcesReport {
    return resourcesReport({
      links: { capacity: this.region.layout.links - 1, taken: this.control.linksTaken() },
      states: this.#states,
      batches: this.pool.allRings.map(({ shared }) => shared.batch),
    });
  }

  /** An address of a peer, at run time. */
  addPeer(peer: PeerAddress): void {
    if (peer.scheme === 'tcp' && !this.pool.hasTcp)
      this.pool
        .startTcp()
        .catch((error: Error) => this.#onWarning(`no link over tcp:// can be made: ${error.message}`));
    this.driver.input((control, now) => control.handleCommand({ kind: 'addPeer', peer }, now));
  }

  /** Says goodbye, lets what is queued leave (for a bounded time), and ends the workers. */
  async close(): Promise<void> {
    this.#flowWatch?.close();
    this.echo.close();
    this.routeFinder.close();
    this.sockets.close();
    // First what applications have sent, for the goodbye takes the routes with it.
    await before(FLUSH_MS, this.pool.whenFlushed());
    this.#leaving = true;
    this.#installer.leave();
    this.driver.input((control, now) => control.handleCommand({ kind: 'close' }, now));
    await before(FLUSH_MS, this.#installer.whenIdle());
    await this.pool.stop(WORKER_GRACE_MS);
    this.#countUnfinished();
    this.driver.stop();
    this.#installer.close();
    this.#pinInstaller.close();
  }

  /** What a worker had in hand that had to be ended: it has no successor that would count it. */
  #countUnfinished(): void {
    for (const { shared } of this.pool.allRings)
      this.#counters.add(COUNTER.crashed, takeUnfinished({ words: new Int32Array(shared.batch) }));
  }
}

/** What is known of the listening addresses, which have numbers by their scheme. */
function listenRates({ listen, listenRates: rates }: NodeConfig): ListenRates {
  const of = (wanted: string) => rates.filter((_, index) => listen[index]?.scheme === wanted);
  return { udp: of('udp'), tcp: of('tcp') };
}

/** A network that is emulated costs something only where there is one. */
function emulationStart(config: NodeConfig): WorkerResources['emulation'] {
  const { emulate, maxLinks, maxLeaves } = config;
  if (emulate.length === 0) return () => undefined;
  const seed = new DataView(entropy(4).buffer).getUint32(0);
  const wires = createWires(emulate.length, maxLinks + 1 + maxLeaves);
  return (scheme) => ({ rules: emulationRules(emulate, config, scheme), wires, seed });
}

function stuckWarning(worker: number, isolated: boolean): string {
  const rest = isolated
    ? `the other workers take its packets over${worker === 0 ? ', but the port forwards, which are its own, stand still' : ''}`
    : 'there is no other that could take its packets over: start the process anew';
  return `worker ${worker} is blocked outside of JavaScript and cannot be ended; ${rest}`;
}

/** Waits for `work`, but no longer than `ms`. */
async function before(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, end]);
  clearTimeout(timer);
}
