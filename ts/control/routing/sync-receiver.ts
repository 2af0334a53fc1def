/** Applies a RoutingSync message, once it is read: Adj-in, requests, acknowledgements, digests. */
import type { Layer } from '../../kit/node-id.js';
import { idByte, LAYERS } from '../../kit/node-id.js';
import type { Digest, RouteRequest, RoutingSync } from '../../wire/gen/portolan/v1/control_pb.js';
import { INFINITE, type RoutingEntry } from '../../wire/routing-entry.js';
import type { LeafOrigins } from '../leaves/leaf-origins.js';
import type { Advertised } from './adjacency-out.js';
import type { Decision } from './decision.js';
import { differingLayers } from './digest.js';
import { TRAFFIC_CLASSES } from './metric.js';
import type { Neighbour } from './neighbour.js';
import type { OwnZone } from './own-zone.js';
import { storePending } from './requests.js';
import { type Advert, slotKey } from './slot-state.js';
import type { RoutingState } from './state.js';
import { readSync } from './sync-reader.js';

const RETRACTED: Advertised = { seqno: 0, distance: 0, metric: INFINITE, hops: 0 };

export class SyncReceiver {
  readonly #state: RoutingState;
  readonly #decision: Decision;
  readonly #ownZone: OwnZone;
  readonly #leaves: LeafOrigins;

  constructor(state: RoutingState, decision: Decision, ownZone: OwnZone, leaves: LeafOrigins) {
    this.#state = state;
    this.#decision = decision;
    this.#ownZone = ownZone;
    this.#leaves = leaves;
  }

  /** False when the message breaks the protocol; nothing of it was applied. */
  handle(neighbour: Neighbour, message: RoutingSync, now: number): boolean {
    const entries = readSync(neighbour, this.#state.self, message);
    if (!entries) return false;
    const { sender } = neighbour;
    sender.handleAcknowledged(message.acknowledged);
    if (message.number !== 0) sender.acknowledge(message.number, now);
    neighbour.highestNumber = Math.max(neighbour.highestNumber, message.number);
    if (message.number > neighbour.settledNumber)
      for (const entry of entries) this.#applyEntry(neighbour, entry, message.number, now);
    for (const request of message.requests) this.#applyRequest(neighbour, request, now);
    if (message.digest?.lastNumber === neighbour.highestNumber) this.#compare(neighbour, message.digest, now);
    if (message.resendLayers !== 0) this.#sayAgain(neighbour, message.resendLayers, now);
    return true;
  }

  #applyEntry(neighbour: Neighbour, entry: RoutingEntry, number: number, now: number): void {
    const { layer, byte } = entry;
    switch (entry.kind) {
      case 'ownZone':
        this.#noteOwnZone(neighbour, slotKey(0, layer, byte), number, entry.seqno);
        this.#ownZone.hear(layer, entry.seqno, neighbour.peer, now);
        return;
      case 'retraction':
        for (const trafficClass of TRAFFIC_CLASSES)
          if ((entry.classMask & (1 << trafficClass)) !== 0)
            this.#applyAdvert(neighbour, slotKey(trafficClass, layer, byte), number, RETRACTED, now);
        return;
      case 'route': {
        const { seqno, hops } = entry;
        for (const { trafficClass, distance, metric } of entry.classes) {
          const said = { seqno, distance, metric, hops };
          this.#applyAdvert(neighbour, slotKey(trafficClass, layer, byte), number, said, now);
        }
      }
    }
  }

  #applyAdvert(neighbour: Neighbour, key: number, number: number, said: Advertised, now: number): void {
    const known = neighbour.adverts.get(key);
    if (known && number <= known.version) return; // a later frame has spoken of the slot already
    const slot = this.#state.slots.obtain(key);
    if (known) {
      const isNews = !isSame(known, said);
      rewrite(known, number, said);
      this.#decision.hear(slot, known, isNews, now);
    } else {
      const advert = this.#addAdvert(neighbour, key, number, said);
      slot.adverts.push(advert);
      this.#decision.hear(slot, advert, true, now);
    }
  }

  /** A zone-mate's word on the zone's sequence number is kept for digests only. */
  #noteOwnZone(neighbour: Neighbour, key: number, number: number, seqno: number): void {
    const said = { seqno, distance: 0, metric: 0, hops: 0 };
    const known = neighbour.adverts.get(key);
    if (!known) this.#addAdvert(neighbour, key, number, said);
    else if (number > known.version) rewrite(known, number, said);
  }

  #addAdvert(neighbour: Neighbour, key: number, version: number, said: Advertised): Advert {
    const { seqno, distance, metric, hops } = said;
    const advert = { neighbour, version, seqno, distance, metric, hops };
    neighbour.adverts.set(key, advert);
    return advert;
  }

  #applyRequest(neighbour: Neighbour, request: RouteRequest, now: number): void {
    const layer = request.layer as Layer;
    const key = slotKey(request.trafficClass, layer, request.byte);
    if (idByte(this.#state.self, layer) === request.byte) {
      if (request.makeBackup) return; // an origin's label is as low as it can be
      if (this.#state.rules.seqnosRise) this.#ownZone.grant(layer, request.trafficClass, request, neighbour.peer, now);
      neighbour.sender.resend(key, now);
      return;
    }
    const slot = this.#state.slots.get(key);
    if (!slot) return; // nothing was ever said of it
    if (request.makeBackup) return this.#decision.makeBackup(slot, neighbour, request, now);
    this.#leaves.grant(slot, request, now);
    storePending(slot, neighbour, request, now);
    this.#decision.evaluate(slot, 'request', now);
  }

  /** R18. When both ends agree, retractions have done their work: nothing older than the digest is listened to any more. */
  #compare(neighbour: Neighbour, digest: Digest, now: number): void {
    const layers = differingLayers(digest, neighbour.adverts);
    if (layers !== 0) return neighbour.sender.askForLayers(layers, now);
    neighbour.settledNumber = digest.lastNumber;
    for (const [key, advert] of neighbour.adverts) {
      if (advert.metric < INFINITE) continue;
      neighbour.adverts.delete(key);
      this.#state.slots.get(key)?.forget(advert);
    }
  }

  /** R18: everything of these layers again, and of what is not known, that it is not. */
  #sayAgain(neighbour: Neighbour, layers: number, now: number): void {
    for (const layer of LAYERS) {
      if ((layers & (1 << (layer - 1))) === 0 || layer > neighbour.deepestLayer) continue;
      for (let byte = 0; byte < 256; byte++)
        if (neighbour.carries(layer, byte))
          for (const trafficClass of TRAFFIC_CLASSES) neighbour.sender.resend(slotKey(trafficClass, layer, byte), now);
      if (layer <= neighbour.shared && this.#ownZone.asMate(layer))
        neighbour.sender.resend(slotKey(0, layer, idByte(this.#state.self, layer)), now);
    }
  }
}

function isSame(a: Advertised, b: Advertised): boolean {
  return a.seqno === b.seqno && a.distance === b.distance && a.metric === b.metric && a.hops === b.hops;
}

function rewrite(advert: Advert, version: number, { seqno, distance, metric, hops }: Advertised): void {
  advert.version = version;
  advert.seqno = seqno;
  advert.distance = distance;
  advert.metric = metric;
  advert.hops = hops;
}
