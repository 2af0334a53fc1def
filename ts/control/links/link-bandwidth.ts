import { encodeControl } from '../../wire/control.js';
import { HEADERS_BYTES } from '../../wire/network-header.js';
import type { TrainFrame, TrainReport } from '../../wire/trains.js';
import type { LinkBandwidthStatus, LinkTerms } from '../io.js';
import { BandwidthEstimate } from './bandwidth-estimate.js';
import type { HelloExchange } from './hello-exchange.js';
import type { LinkServices } from './services.js';
import type { ControlSender, SessionTerms } from './session.types.js';
import { TrainReceiver } from './train-receiver.js';

/** What the largest numbers make of a train's frame, without padding. */
const UNPADDED =
  encodeControl({
    kind: 'train',
    train: { number: 0xffff_ffff, index: 62, frames: 64 },
    padding: 1 << 14,
  }).byteLength -
  (1 << 14);

/**
 * The bandwidth of one session: sends trains, reports on the peer's, and knows what came of its own ({@link BandwidthEstimate}).
 *
 * Nothing is measured where somebody has said what the link carries; nor of leaves' links, over which no route goes; nor of further members of a bundle, which share
 * their way with the first one; nor over TCP, where the spread shows the window of the connection and the kernel's buffers.
 */
export class LinkBandwidth {
  readonly #terms: SessionTerms;
  readonly #services: LinkServices;
  readonly #hellos: HelloExchange;
  readonly #sender: ControlSender;
  readonly #receiver = new TrainReceiver();
  #estimate: BandwidthEstimate | undefined;

  constructor(terms: SessionTerms, services: LinkServices, hellos: HelloExchange, sender: ControlSender) {
    this.#terms = terms;
    this.#services = services;
    this.#hellos = hellos;
    this.#sender = sender;
  }

  /** What people have said of the link. */
  get configured(): LinkTerms {
    const { peer, address, socket } = this.#terms;
    return this.#services.linkTerms(peer, address, socket);
  }

  /** What the link carries in the direction of the peer; undefined: not known. */
  get status(): LinkBandwidthStatus | undefined {
    const { bandwidth } = this.configured;
    if (bandwidth > 0) return { mbit: bandwidth, source: 'configured' };
    const measured = this.#estimate?.value;
    return measured && { mbit: measured.mbit, source: measured.atLeast ? 'atLeast' : 'measured' };
  }

  /** The session is ready. */
  start(now: number): void {
    const { address, bundleOf, peerRole } = this.#terms;
    const { measureBandwidth, role } = this.#services;
    const isOfLeaf = role === 'leaf' || peerRole === 'leaf';
    if (measureBandwidth && address.scheme !== 'tcp' && bundleOf === undefined && !isOfLeaf)
      this.#estimate = new BandwidthEstimate(now);
  }

  /** A hello has left; whatever is due leaves behind it, so that it is not held up. `mtu`: of the link, bytes. */
  afterHello(mtu: number, isBusy: boolean, now: number): void {
    const report = this.#receiver.overdue(now);
    if (report) this.#sender.sendControl({ kind: 'trainReport', report });
    if (!this.#estimate?.isDue(mtu, isBusy, now) || this.configured.bandwidth > 0) return;
    const { trains } = this.#services;
    if (!isBusy && !trains.allows(now)) return;
    const { number, frames, frameBytes } = this.#estimate.next(mtu, now);
    if (!isBusy) trains.spend(frames);
    const padding = frameBytes - HEADERS_BYTES - UNPADDED;
    for (let index = 0; index < frames; index++)
      this.#sender.sendControl({ kind: 'train', train: { number, index, frames }, padding });
  }

  /** A frame of the peer's train, of `bytes`. */
  hear(train: TrainFrame, bytes: number, counter: number, receivedAt: number): void {
    const report = this.#receiver.hear(train, bytes, counter, receivedAt);
    if (report) this.#sender.sendControl({ kind: 'trainReport', report });
  }

  /** What came of a train of ours. True: the bandwidth may be another one. */
  handleReport(report: TrainReport): boolean {
    const lost = this.#estimate?.add(report);
    // What a train has pushed out of a queue says nothing of the link.
    if (lost) this.#hellos.excuse(lost);
    return lost !== undefined;
  }
}
