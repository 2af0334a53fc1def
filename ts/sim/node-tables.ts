/** The shared memory of a simulated node, and control's hand in it: what control wants stored is stored as the real shell does it. */
import type {
  DefaultRouteOutput,
  DirectOutput,
  LeafOutput,
  LinkObservation,
  LinkOutput,
  Output,
  RouteOutput,
} from '../control/io.js';
import type { PinOutput } from '../control/pins/pinned-paths.js';
import type { NodeId } from '../kit/node-id.js';
import { BundleWriter } from '../memory/bundles.js';
import { CounterBlock } from '../memory/counters.js';
import { DirectTable, DirectTableWriter } from '../memory/direct-table.js';
import { Epochs } from '../memory/epochs.js';
import { ForwardingTableWriter, forwardingWords, slotIndex } from '../memory/forwarding-table.js';
import { storeHandshakeKey } from '../memory/handshake-gate.js';
import { LINK_FLAG_NO_TAGS, LinkTableWriter, PortKind } from '../memory/link-table.js';
import { PathMtus } from '../memory/path-mtus.js';
import { PinTableWriter } from '../memory/pin-table.js';
import { createRegion, markAsLeaf, type Region } from '../memory/region.js';
import { networkSecrets } from '../wire/session-keys.js';
import { idOfHost, linkAddressOf } from './addresses.js';
import { NETWORK_KEY } from './sim-control.js';

const SECRETS = networkSecrets(NETWORK_KEY);

/** Pinned paths that a simulated node keeps. */
export const SIM_PINS = 64;

type LinkInstall = LinkOutput & { readonly kind: 'linkInstall' };

export class NodeTables {
  readonly region: Region;
  readonly forwarding: Int32Array;
  /** Control's own counters. */
  readonly counters: CounterBlock;
  readonly #routes: ForwardingTableWriter;
  readonly #links: LinkTableWriter;
  readonly #bundles: BundleWriter;
  readonly #paths: PathMtus;
  readonly #direct: DirectTableWriter;
  /** As a worker finds it. */
  readonly #directSeen: DirectTable;
  readonly #pins: PinTableWriter;

  constructor(linkCapacity: number, leafCapacity: number, isLeaf: boolean) {
    this.region = createRegion({
      workers: 1,
      links: linkCapacity + leafCapacity,
      leaves: leafCapacity,
      pins: SIM_PINS,
    });
    if (isLeaf) markAsLeaf(this.region);
    storeHandshakeKey(this.region, SECRETS);
    const epochs = new Epochs(this.region);
    this.#direct = new DirectTableWriter(this.region, epochs);
    this.#directSeen = new DirectTable(this.region);
    this.#pins = new PinTableWriter(this.region, epochs);
    this.forwarding = forwardingWords(this.region);
    this.counters = new CounterBlock(this.region, 1);
    this.#routes = new ForwardingTableWriter(this.region);
    this.#links = new LinkTableWriter(this.region);
    this.#bundles = new BundleWriter(this.region);
    this.#paths = new PathMtus(this.region);
  }

  observe(link: number): LinkObservation {
    const { rxFrames, txFrames, rxHighest, lastHeard, lastData } = this.#links.counters(link);
    const up = this.#links.isUp(link);
    return { up, rxFrames, txFrames, rxHighest, lastHeard, lastData, mtu: this.#links.mtu(link) };
  }

  /** Returns the slot whose word has changed. */
  storeRoute({ trafficClass, layer, byte, primary, backup }: RouteOutput): number {
    this.#routes.store(trafficClass, layer, byte, primary, backup);
    return slotIndex(trafficClass, layer, byte);
  }

  applyPin(output: PinOutput): void {
    if (output.kind === 'pinInstall') this.#pins.install(output.label, output);
    else this.#pins.remove(output.label);
  }

  setPathMtu({ destination, mtu }: Output & { readonly kind: 'pathMtu' }): void {
    this.#paths.set(destination, mtu);
  }

  storeDefault({ primary, backup }: DefaultRouteOutput): void {
    this.#routes.storeAll(primary, backup);
  }

  applyLeaf({ kind, id, link }: LeafOutput): void {
    if (kind === 'leafUp') this.#direct.set(id, link);
    else this.#direct.remove(id, link);
  }

  applyDirect({ neighbour, link, classes }: DirectOutput): void {
    if (classes === 0) this.#direct.remove(neighbour, link);
    else this.#direct.set(neighbour, link, classes);
  }

  /** The link that the direct table leads to, 0: none. */
  directLink(destination: NodeId, trafficClass: number): number {
    return this.#directSeen.open() ? this.#directSeen.find(destination | 0, trafficClass) : 0;
  }

  install(output: LinkInstall, now: number): void {
    const { peer, ourNumber, peerNumber, socket, mtu, rxKey, txKey, bundleOf } = output;
    const flags = output.tags ? 0 : LINK_FLAG_NO_TAGS;
    const { scheme, host } = output.address;
    const address = linkAddressOf(idOfHost(host) ?? 0, scheme);
    const entry = {
      peer,
      ourNumber,
      peerNumber,
      portKind: scheme === 'tcp' ? PortKind.Tcp : PortKind.Udp,
      socket,
      mtu,
      address,
      rxKey,
      txKey,
      flags,
      bundleOf,
    };
    this.#links.install(output.link, entry, now);
  }

  setBundle({ link, links }: LinkOutput & { readonly kind: 'linkBundle' }): void {
    this.#bundles.set(link, links);
  }

  setUp(link: number, up: boolean): void {
    this.#links.setUp(link, up);
  }

  setTiming({ link, silence, ownInterval, heardInterval }: LinkOutput & { readonly kind: 'linkTiming' }): void {
    this.#links.setTiming(link, silence, ownInterval, heardInterval);
  }

  setMtu({ link, mtu }: LinkOutput & { readonly kind: 'linkMtu' }): void {
    this.#links.setMtu(link, mtu);
  }

  /** The entry is free again. */
  clear(link: number): void {
    this.#links.retire(link);
    this.#links.free(link);
  }
}
