/** The shared memory of a simulated node, and control's hand in it: what control wants stored is stored as the real shell does it. */
import type {
  DefaultRouteOutput,
  LeafOutput,
  LinkObservation,
  LinkOutput,
  Output,
  RouteOutput,
} from '../control/io.js';
import { BundleWriter } from '../memory/bundles.js';
import { CounterBlock } from '../memory/counters.js';
import { Epochs } from '../memory/epochs.js';
import { ForwardingTableWriter, forwardingWords, slotIndex } from '../memory/forwarding-table.js';
import { storeHandshakeKey } from '../memory/handshake-gate.js';
import { LeafTableWriter } from '../memory/leaf-table.js';
import { LINK_FLAG_NO_TAGS, LinkTableWriter, PortKind } from '../memory/link-table.js';
import { PathMtus } from '../memory/path-mtus.js';
import { createRegion, markAsLeaf, type Region } from '../memory/region.js';
import { networkSecrets } from '../wire/session-keys.js';
import { idOfHost, linkAddressOf } from './addresses.js';
import { NETWORK_KEY } from './sim-control.js';

const SECRETS = networkSecrets(NETWORK_KEY);

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
  readonly #leaves: LeafTableWriter;

  constructor(linkCapacity: number, leafCapacity: number, isLeaf: boolean) {
    this.region = createRegion({ workers: 1, links: linkCapacity + leafCapacity, leaves: leafCapacity });
    if (isLeaf) markAsLeaf(this.region);
    storeHandshakeKey(this.region, SECRETS);
    this.#leaves = new LeafTableWriter(this.region, new Epochs(this.region));
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

  setPathMtu({ destination, mtu }: Output & { readonly kind: 'pathMtu' }): void {
    this.#paths.set(destination, mtu);
  }

  storeDefault({ primary, backup }: DefaultRouteOutput): void {
    this.#routes.storeAll(primary, backup);
  }

  applyLeaf({ kind, id, link }: LeafOutput): void {
    if (kind === 'leafUp') this.#leaves.set(id, link);
    else this.#leaves.remove(id, link);
  }

  /** Leaves in the leaf table. */
  get leaves(): number {
    return this.#leaves.size;
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
