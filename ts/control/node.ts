/**
 * A node's control plane. To follow a control message: it comes in by {@link ControlNode.handleFrame}, `links` finds its session, and routing
 * messages go on to `router`; whatever they want done is in the outbox when the call returns, in order, for {@link ControlNode.poll}.
 *
 * ```
 *   frames, timeouts,      ┌───────────────── node.ts ─────────────────┐
 *   commands, results ───> │ links ── up, down, RTT, messages ─> router │ ───> outbox: send, route, link, job, event
 *   packets in trouble ──> │ errors                                     │
 *                          └───────────────────────────────────────────┘
 * ```
 */
import { invariant } from '../kit/assert.js';
import { HandshakeFrames } from '../wire/handshake-frame.js';
import { IDLE_INTERVAL } from '../wire/hello.js';
import { BASE_MTU } from '../wire/network-header.js';
import { networkSecrets } from '../wire/session-keys.js';
import { PacketErrors } from './errors/packet-errors.js';
import type { Command, DefaultRouteOutput, RouteOutput } from './io.js';
import { RoleListener } from './leaves/role-listener.js';
import { LeafUplinks } from './leaves/uplinks.js';
import { LatenessBook } from './links/lateness.js';
import { LinkPool } from './links/link-pool.js';
import { Links } from './links/links.js';
import { type LinkServices, WakeClock } from './links/services.js';
import { TrainBudget } from './links/train-budget.js';
import { Neighbours } from './neighbours/neighbours.js';
import type { ControlNode, ControlNodeOptions } from './node.types.js';
import { Outbox } from './outbox.js';
import { Paths } from './paths.js';
import { DEFAULT_COST } from './routing/link-quality.js';
import { createRouter } from './routing/router.js';
import type { RouterOutput } from './routing/router.types.js';
import type { SeqnoJump } from './routing/seqno-watch.js';
import { type Timer, TimerQueue } from './timer-queue.js';

export type { ControlNode, ControlNodeOptions } from './node.types.js';

/** Makes the control plane of a node. Throws an InvariantError when an option is out of its range. */
export function createControlNode(options: ControlNodeOptions): ControlNode {
  const { id, networkKey, bootEpoch, peers, sockets, entropy, random, observer, linkCapacity } = options;
  const { role = 'relay', leafCapacity = 0 } = options;
  invariant(linkCapacity >= 2 && linkCapacity + leafCapacity <= 4096, 'a node has room for 1 to 4095 links');
  const outbox = new Outbox();
  const deadlines = new TimerQueue<Timer>();
  const wake = new WakeClock();
  const firstGeneration = new DataView(entropy(4).slice().buffer).getUint32(0);
  const pool = new LinkPool(1, linkCapacity - 1, firstGeneration);
  const leafPool = new LinkPool(linkCapacity, leafCapacity, firstGeneration);
  const frames = new HandshakeFrames(networkSecrets(networkKey));
  const makeRouter = role === 'leaf' ? () => new LeafUplinks() : (options.createRouter ?? createRouter);
  const bootSeconds = Math.floor(bootEpoch / 1_000_000);
  const router = makeRouter({ self: id, bootSeconds, random, ...(options.rules ? { rules: options.rules } : {}) });
  const paths = new Paths(
    {
      self: id,
      router,
      outbox,
      leaf: (leaf) => listener.leaf(leaf),
      quality: (link) => listener.quality(link),
      linkTo: (peer) => links.linkTo(peer),
      peerAt: (link) => links.peerAt(link),
      neighbours: {
        addressesOf: (peer) => neighbours.addressesOf(peer),
        measure: (...peer) => neighbours.measure(...peer),
        makeFlowLink: (...peer) => neighbours.makeFlowLink(...peer),
        endFlowLink: (...peer) => neighbours.endFlowLink(...peer),
      },
      expectData: (link, now) => links.expectData(link, now),
      send: (link, message) => links.send(link, message),
      randomId: () => new DataView(entropy(8).slice().buffer).getBigUint64(0),
    },
    { labels: options.pinCapacity ?? 0, firstGeneration, optimise: role === 'relay' && (options.optimise ?? false) },
  );
  const services: LinkServices = {
    self: id,
    role,
    bootEpoch,
    networkKey,
    tags: options.tags ?? true,
    mtu: options.mtu ?? BASE_MTU,
    probeMtu: options.probeMtu ?? false,
    measureBandwidth: options.measureBandwidth ?? false,
    trains: new TrainBudget(),
    lateness: new LatenessBook(),
    sockets,
    linksPerPeer: options.linksPerPeer ?? 1,
    outbox,
    deadlines,
    pool,
    leafPool,
    observer,
    linkTerms: options.linkTerms ?? (() => ({ cost: DEFAULT_COST, bandwidth: 0 })),
    frames,
    entropy,
    random,
    phase: firstGeneration % IDLE_INTERVAL,
    wake,
  };
  const neighbours = new Neighbours(
    services,
    {
      choose: (...peer) => links.choose(...peer),
      giveUp: (peer, now) => links.giveUp(peer, now),
      release: (peer) => links.release(peer),
      isConfigured: (peer) => links.isConfigured(peer),
      resolve: (address, owner) => links.resolve(address, owner),
      factsOf: (link) => links.factsOf(link),
      send: (link, message) => links.send(link, message),
    },
    {
      most: options.neighbours ?? 0,
      bootstrap: options.bootstrap ?? [],
      listens: options.listens ?? (() => []),
      dialsTcp: options.dialsTcp ?? false,
      measured: (peer, rtt, now) => paths.handleMeasured(peer, rtt, now),
      flowLinkGone: (peer, now) => paths.flowLinkGone(peer, now),
    },
  );
  const listener = new RoleListener(id, router, paths, neighbours, outbox);
  const links = new Links(services, listener, neighbours);
  const errors = new PacketErrors(id, outbox, deadlines, (destination, trafficClass, at, now) => {
    neighbours.noRoute(now);
    if (role === 'relay') paths.unreachable(destination, trafficClass, at, now);
  });

  const nextTimeout = () => Math.min(deadlines.next(), router.nextTimeout(), paths.nextTimeout());

  /** Does the work of one input, then lets what routing wants follow what links want. */
  function handle(now: number, work: () => void): void {
    wake.notice(nextTimeout(), now);
    work();
    for (let output = router.poll(); output !== undefined; output = router.poll()) act(output, now);
  }

  function act(output: RouterOutput, now: number): void {
    switch (output.kind) {
      case 'sync':
        return links.send(output.link, { kind: 'routingSync', message: output.message });
      case 'direct':
        outbox.push(output);
        links.expectData(output.link, now);
        return paths.noteDirect(output);
      case 'seqnoJump':
        return noteJump(output.jump, output.isTold);
      case 'seqnoEnd':
        return outbox.event({ type: 'seqnoEnd', layer: output.layer, left: output.left });
      default:
        return storeRoute(output, now);
    }
  }

  function noteJump(jump: SeqnoJump, isTold: boolean): void {
    outbox.push({ kind: 'count', counter: 'seqnoJumps' });
    if (isTold) outbox.event({ type: 'seqnoJump', ...jump });
  }

  function storeRoute(route: RouteOutput | DefaultRouteOutput, now: number): void {
    const { primary, backup } = route;
    const { layer, byte, trafficClass } =
      route.kind === 'route' ? route : ({ layer: 0, byte: 0, trafficClass: 0 } as const);
    outbox.push(route);
    outbox.count('nextHopChanges');
    links.expectData(primary, now);
    const nextHop = links.peerAt(primary);
    outbox.event({ type: 'routeChanged', layer, byte, trafficClass, nextHop, backup: links.peerAt(backup) });
  }

  function obey(command: Command, now: number): void {
    switch (command.kind) {
      case 'addPeer':
        return links.addPeer(command.peer, now);
      case 'removePeer':
        return links.removePeer(command.id, now);
      case 'findRoute':
        return paths.find(command.number, command.destination, command.limits, now);
      case 'pinRoute':
        return paths.pin(command.order, now);
      case 'unpinRoute':
        return paths.unpin(command.number);
      case 'flows':
        return paths.handleFlows(command.samples, now);
      case 'networkChange':
        return links.networkChange(now);
      case 'resume':
        wake.since = now;
        return;
      case 'close':
        neighbours.close();
        return links.close(now);
    }
  }

  return {
    id,
    start: (now) =>
      handle(now, () => {
        for (const peer of peers) links.addPeer(peer, now);
        neighbours.start(now);
      }),
    handleFrame: (received, now) => handle(now, () => links.handleFrame(received, now)),
    handlePacket: (packet, now) => handle(now, () => errors.handlePacket(packet, now)),
    handleTimeout: (now) =>
      handle(now, () => {
        for (const owner of deadlines.popAll(now)) owner.handleTimeout(now);
        if (router.nextTimeout() <= now) router.handleTimeout(now);
        if (paths.nextTimeout() <= now) paths.handleTimeout(now);
      }),
    handleCommand: (command, now) => handle(now, () => obey(command, now)),
    handleJobDone: (result, now) => handle(now, () => links.handleJobDone(result, now)),
    handleLinkDown: (link, now, cause = 'silent') => handle(now, () => links.handleLinkDown(link, now, cause)),
    handlePinFree: (label) => paths.handlePinFree(label),
    handleLinkFree: (link) => (pool.holds(link) ? pool : leafPool).giveBack(link),
    poll: () => outbox.poll(),
    nextTimeout,
    leaves: () => listener.leaves,
    neighbours: () => neighbours.counts,
    links: (now) =>
      links
        .statuses(now)
        .map((link) => ({ ...link, why: link.configured ? 'configured' : neighbours.whyOf(link.peer) })),
    routes: () => router.routes(),
    explain: (destination, trafficClass, now) => router.explain(destination, trafficClass, now),
    ownPins: () => paths.ownPins(),
    ownLinks: () => paths.ownLinks(),
    nextHop: (destination, trafficClass) => paths.nextHop(destination, trafficClass),
    linksTaken: () => pool.used + leafPool.used,
    entry: (layer, byte, trafficClass) => router.entry(layer, byte, trafficClass),
  };
}
