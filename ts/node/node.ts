/**
 * A node of the network: what programs hold in their hands. Made by {@link createNode}.
 */
import { EventEmitter } from 'node:events';
import type { Offloads } from '../data/worker-contract.js';
import { monotonicNow } from '../edge/clock.js';
import { formatNodeId } from '../kit/node-id.js';
import { PortHandler } from '../memory/port-table.js';
import { type TrafficClassName, trafficClassOf } from '../wire/network-header.js';
import { parseId, parsePeer, parsePort } from './addresses.js';
import { type AdminServer, openAdmin } from './admin/server.js';
import type {
  CountersReport,
  FoundRoute,
  LinkReport,
  PinReport,
  PingReply as ProbeReply,
  ResourcesReport,
  RouteChangeReport,
  RouteExplanationReport,
  RouteReport,
  StatusReport,
  WayReport,
} from './admin.types.js';
import { type Listeners, tellControlEvent } from './control-events.js';
import { Core } from './core.js';
import type { DatagramSocket } from './datagram-socket.js';
import { formatEmulation } from './emulation.js';
import { invalidOption, PortolanError } from './errors.js';
import type { NodeEvents } from './events.js';
import { type Fault, faultCommand } from './faults.js';
import { ForwardErrors } from './forward-errors.js';
import { linkReports } from './link-reports.js';
import type { NodeLoad } from './load.js';
import type { NodeConfig } from './options.js';
import { ownPinReport, wayReport } from './own-way.js';
import type { PacketPath } from './packet-path.js';
import { type PingOptions, type PingResult, ping, toReply } from './ping.js';
import { EXPOSED, type PortForward, PortForwards } from './port-forwards.js';
import { optionsBehind, withoutOptions } from './rates.js';
import { countersReport } from './reports.js';
import type { RouteLimits } from './route-finder.js';
import type { PinnedRoute } from './route-pins.js';
import { type RouteOptions, RouteView } from './route-view.js';
import { Rules } from './rules.js';
import { type TraceOptions, type TraceResult, trace } from './trace.js';
import { parseTrafficClass } from './traffic-class.js';
import { VERSION } from './version.js';

export interface BindOptions {
  /** Closes the socket when it is aborted. */
  readonly signal?: AbortSignal;
  /** The traffic class of what the socket sends, unless `send` says another. Default: low latency. */
  readonly class?: TrafficClassName;
}

export class Node extends EventEmitter<NodeEvents> {
  /** This node's id, as in `1.1.1.2`. */
  readonly id: string;
  readonly #config: NodeConfig;
  readonly #path: PacketPath;
  readonly #rules: Rules;
  readonly #core: Core;
  readonly #portForwards: PortForwards;
  readonly #routes: RouteView;
  readonly #listeners: Listeners;
  readonly #startedAt = monotonicNow();
  #offloads: Offloads | undefined;
  #restarts = 0;
  #admin: AdminServer | undefined;
  #closing: Promise<void> | undefined;
  readonly #onAbort = (): void => void this.close();

  /** Use `createNode`. */
  constructor(config: NodeConfig, networkKey: Uint8Array, path: PacketPath) {
    super();
    this.id = formatNodeId(config.id);
    this.#config = config;
    this.#path = path;
    this.#rules = new Rules(config);
    this.#routes = new RouteView(config.id, () => this.#core.control);
    this.#core = new Core(config, networkKey, path, this.#rules, {
      onEvent: (event) => tellControlEvent(config.id, event, this.#listeners),
      onReady: (worker, ready) => {
        if (worker < path.workers) this.#offloads = ready.offloads;
        if (worker === 0) this.#rules.bound(ready.forwardPorts);
        if (worker === 0) path.bound(ready.ports);
        if (worker === path.workers) this.#core.tcpListen.bound(ready.ports);
      },
      onMessage: (_worker, message) => {
        if (message.type === 'warning') this.emit('warning', { message: message.message });
        if (message.type === 'offloads') this.#offloads = message.offloads;
      },
      onRestarted: (worker, reason, afterMs) => {
        this.#restarts++;
        this.emit('workerRestarted', { worker, reason, afterMs });
      },
      onWarning: (message) => this.emit('warning', { message }),
    });
    const forwardErrors = new ForwardErrors(
      (body) => this.#core.pool.command(body),
      (message) => this.emit('warning', { message }),
      monotonicNow,
    );
    this.#listeners = { node: this, core: this.#core, routes: this.#routes, forwardErrors };
    this.#portForwards = new PortForwards({
      rules: this.#rules,
      ports: this.#core.sockets.ports,
      handlers: this.#core.ports,
      command: (body) => this.#core.pool.command(body),
    });
  }

  /** For `createNode`: opens everything. */
  async start(): Promise<void> {
    for (const { port } of this.#rules.exposes()) {
      this.#core.sockets.ports.reserve(port, EXPOSED);
      this.#core.ports.set(port, PortHandler.Forward);
    }
    await this.#core.start();
    const { admin, signal } = this.#config;
    if (admin.kind !== 'none') this.#admin = await openAdmin(this, admin);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    signal?.throwIfAborted();
  }

  /** Where the node listens, as in `udp://0.0.0.0:7000`, in the order of the option: with the ports that the system chose. */
  get addresses(): readonly string[] {
    const udp = this.#path.addresses().values();
    const tcp = this.#core.tcpListen.addresses().values();
    return this.#config.listen.map(({ scheme }) => (scheme === 'tcp' ? tcp : udp).next().value ?? '');
  }

  /** Where the forwards listen. */
  get forwardAddresses(): readonly string[] {
    return this.#rules.addresses();
  }

  /** The path or address of the admin interface, if there is one. */
  get adminAddress(): string | undefined {
    return this.#admin?.address;
  }

  /** Opens a datagram socket at a port of the overlay; 0: at a free one. */
  async bind(port = 0, { signal, class: name = 'lowLatency' }: BindOptions = {}): Promise<DatagramSocket> {
    this.#assertOpen();
    signal?.throwIfAborted();
    const socket = this.#core.sockets.bind(port === 0 ? 0 : parsePort(port, 'port'), parseTrafficClass(name, 'class'));
    if (signal) {
      const close = () => socket.close();
      signal.addEventListener('abort', close, { once: true });
      socket.once('close', () => signal.removeEventListener('abort', close));
    }
    return socket;
  }

  /** Lets UDP enter the overlay here, as the option `forwards` does: `udp://127.0.0.1:5000=1.1.1.3:6000`. */
  async forward(text: string): Promise<PortForward> {
    this.#assertOpen();
    return this.#portForwards.forward(text);
  }

  /** Lends a UDP service to the overlay, as the option `exposes` does: `6000=udp://127.0.0.1:9000`, `6000=udp://127.0.0.1:9000?from=1.1.*,1.2.3.4`. */
  async expose(text: string): Promise<PortForward> {
    this.#assertOpen();
    return this.#portForwards.expose(text);
  }

  /** Sends echo requests and tells how long the answers took. */
  async ping(destination: string, options: PingOptions = {}): Promise<PingResult> {
    this.#assertOpen();
    return ping(this.#core.echo, parseId(destination, 'destination'), options);
  }

  /** One echo request and its fate. */
  async probe(
    destination: string,
    options: {
      readonly timeout: number;
      readonly size: number;
      readonly class?: TrafficClassName;
      readonly signal?: AbortSignal;
    },
  ): Promise<ProbeReply> {
    this.#assertOpen();
    const result = await this.#core.echo.probe(parseId(destination, 'destination'), options);
    const { rttMs, error, reporter } = toReply(0, result);
    return { destination, received: result.kind === 'reply', rttMs, error, reporter };
  }

  /**
   * Looks for a path to `destination` that keeps to limits, as in `{ rttMs: 100, mbps: 10 }`. Rejects with NO_PATH when none is found; the message
   * says what came closest. A search takes a round trip or a few, at most 3 s.
   */
  async route(destination: string, limits: RouteLimits & { readonly signal?: AbortSignal } = {}): Promise<FoundRoute> {
    this.#assertOpen();
    const { signal, ...rest } = limits;
    return this.#core.routeFinder.find(parseId(destination, 'destination'), rest, signal);
  }

  /**
   * Keeps the route to `destination` pinned to a path within limits, which is looked for again whenever it breaks. Packets of this node to there, in the class (default:
   * low latency), follow it from link to link; while there is none, they take the way of their class.
   */
  pinRoute(destination: string, limits: RouteLimits & { readonly class?: TrafficClassName } = {}): PinnedRoute {
    this.#assertOpen();
    const { class: name = 'lowLatency', ...rest } = limits;
    const terms = { destination: parseId(destination, 'destination'), class: parseTrafficClass(name, 'class') };
    return this.#core.routePins.pin({ ...terms, limits: rest });
  }

  /** The routes that are kept pinned, also those that this node has pinned of its own accord: for flows that last, and round nodes that have no route. */
  pins(): PinReport[] {
    return [...this.#core.routePins.reports(), ...this.#core.control.ownPins().map(ownPinReport)];
  }

  /** Which way packets of this node take to `destination` in a class (default: low latency), and why: by the tables, or by a pin. */
  way(destination: string, { class: text = 'lowLatency' }: { readonly class?: TrafficClassName } = {}): WayReport {
    const to = formatNodeId(parseId(destination, 'destination'));
    const name = parseTrafficClass(text, 'class');
    const pin = this.pins().find((one) => one.destination === to && one.class === name);
    const [id, trafficClass] = [parseId(to, 'destination'), trafficClassOf(name)];
    const nextHop = this.#core.control.nextHop(id, trafficClass);
    const hop = nextHop === undefined ? undefined : formatNodeId(nextHop);
    const links = this.#core.control.ownLinks();
    const link = links.find((one) => one.destination === id && one.trafficClass === trafficClass);
    return wayReport(to, name, pin, hop, this.routes(to, { class: name })[0], link);
  }

  /** Ends a pin, by its number. False: there is no such pin. */
  unpinRoute(number: number): boolean {
    return this.#core.routePins.unpin(number);
  }

  /** Asks which nodes a packet to `destination` passes. */
  async trace(destination: string, options: TraceOptions = {}): Promise<TraceResult> {
    this.#assertOpen();
    return trace(this.#core.echo, parseId(destination, 'destination'), options);
  }

  /** The load tester. */
  get load(): NodeLoad {
    return this.#core.load;
  }

  status(): StatusReport {
    const links = this.#core.control.links(monotonicNow());
    return {
      id: this.id,
      role: this.#config.role,
      version: VERSION,
      pid: process.pid,
      uptimeSeconds: Math.round(monotonicNow() - this.#startedAt) / 1000,
      listen: this.addresses,
      packetPath: this.#path.report(this.#offloads),
      workers: this.#path.workers,
      tcpWorker: this.#core.pool.hasTcp,
      workerRestarts: this.#restarts,
      links: links.filter(({ state, role }) => state === 'up' && role !== 'leaf').length,
      neighbours: this.#core.control.neighbours(),
      leaves: this.#core.control.leaves(),
      maxLeaves: this.#config.maxLeaves,
      routes: this.routes().length,
      emulation: this.#config.emulate.map(formatEmulation),
      counters: this.counters(),
    };
  }

  /** Sums of all counters since the start. */
  counters(): CountersReport {
    return countersReport(this.#core.region);
  }

  /** What the process and the node hold, for watching whether it grows. */
  resources(): ResourcesReport {
    return this.#core.resources();
  }

  /** One line a peer, configured or not, also those that are not up. */
  links(): LinkReport[] {
    return linkReports(this.#core, this.#config, monotonicNow());
  }

  /** The routes of a class, or the one that packets to `destination` take. Default: low latency. */
  routes(destination?: string, options: RouteOptions = {}): RouteReport[] {
    return this.#routes.routes(destination, options);
  }

  /** Why the route of a class to `destination` is what it is: every neighbour, and what the rules make of it. A leaf has nothing to explain. */
  explainRoute(
    destination: string,
    { class: name = 'lowLatency' }: { readonly class?: TrafficClassName } = {},
  ): RouteExplanationReport | undefined {
    return this.#routes.explain(destination, name);
  }

  /** The latest changes of the forwarding table (up to 1000, the oldest first), of all destinations or of what packets to one use. */
  routeHistory(destination?: string, options: RouteOptions = {}): RouteChangeReport[] {
    return this.#routes.history(destination, options);
  }

  /** Links with one more node, or with a known one at one more address, as in `1.1.1.1@udp://192.0.2.1:7000`. */
  addPeer(peer: string): void {
    this.#assertOpen();
    const address = parsePeer(withoutOptions(peer), 'peer');
    const known = optionsBehind(peer, 'peer');
    if (address.id === this.#config.id) throw invalidOption('peer', "another node's id than this node's own", peer);
    this.#core.rates.setPeer({ ...address, ...known });
    this.#core.addPeer(address);
  }

  /** Says goodbye to a configured peer and forgets it. */
  removePeer(id: string): void {
    this.#assertOpen();
    const peer = parseId(id, 'id');
    this.#core.rates.removePeer(peer);
    this.#core.driver.input((control, now) => control.handleCommand({ kind: 'removePeer', id: peer }, now));
  }

  /** Breaks something, to show that the node mends it. Refused unless the option `allowFaults` is on. */
  async injectFault(fault: Fault): Promise<void> {
    const { worker } = fault;
    if (!this.#config.allowFaults)
      throw new PortolanError('FAULT_REFUSED', 'this node was started without the option allowFaults');
    const last = this.#core.pool.hasTcp ? this.#path.workers : this.#path.workers - 1;
    if (!(worker <= last)) throw invalidOption('worker', `a worker from 0 to ${last}`, worker);
    this.#core.pool.fail(worker, faultCommand(fault));
  }

  /** Says goodbye to the neighbours, lets what is queued leave, and frees everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#config.signal?.removeEventListener('abort', this.#onAbort);
    await this.#core.close();
    this.#path.close();
    this.emit('close');
    await this.#admin?.close();
  }

  #assertOpen(): void {
    if (this.#closing) throw new PortolanError('CLOSED', 'the node is closed');
  }
}
