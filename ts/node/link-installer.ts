/**
 * Puts the control plane's sessions into the link table, and takes them out again when no worker can use them any more:
 *
 * ```
 *   linkRetire ──> lingering ──> draining ──────> retired ─────────> free ──> handleLinkFree
 *                  up bit off    ring is empty    all workers have   all workers have passed
 *                                (goodbye read)   passed an epoch    another epoch
 * ```
 * Why links linger: nothing is sent into one that goes, but what its peer had sent before it knew is still on its way, and is taken. On the
 * side that says goodbye even the up bit stays, until the neighbours have had time to hear of it: so a relay that closes loses no packet.
 * Why two epochs: the first lets the last frames into the link (a goodbye) leave, which a worker has taken from its ring and perhaps not sent;
 * the second lets workers forget the retired entry. A worker that sleeps counts as having passed.
 */
import type { LinkOutput } from '../control/io.js';
import type { BundleWriter } from '../memory/bundles.js';
import type { Epochs } from '../memory/epochs.js';
import { LINK_FLAG_NO_TAGS, type LinkTableWriter, PortKind } from '../memory/link-table.js';
import { toLinkAddress } from './ip.js';
import type { LinkRates } from './rates.js';

/** How often links that go are looked at, how long they linger, and how long their ring may take to become empty, ms. */
const LOOK_MS = 2;
const LINGER_MS = 100;
const MAX_FLUSH_MS = 200;

interface GoingLink {
  readonly link: number;
  readonly since: number;
  phase: 'lingering' | 'draining' | 'retired';
  epoch: number;
}

export interface InstallerOptions {
  readonly table: LinkTableWriter;
  readonly bundles: BundleWriter;
  readonly epochs: Epochs;
  readonly rates: LinkRates;
  readonly now: () => number;
  /** Whether the worker has read everything that was sent into the link. */
  readonly isFlushed: (link: number) => boolean;
  /** The index may be given out again. */
  readonly onFree: (link: number) => void;
}

export class LinkInstaller {
  readonly #options: InstallerOptions;
  #going: GoingLink[] = [];
  #timer: NodeJS.Timeout | undefined;
  #leaving = false;
  #onIdle: (() => void)[] = [];

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  apply(output: LinkOutput): void {
    const { table, bundles, now } = this.#options;
    switch (output.kind) {
      case 'linkInstall':
        table.install(
          output.link,
          {
            peer: output.peer,
            ourNumber: output.ourNumber,
            peerNumber: output.peerNumber,
            portKind: output.address.scheme === 'tcp' ? PortKind.Tcp : PortKind.Udp,
            socket: output.socket,
            mtu: output.mtu,
            address: toLinkAddress(output.address),
            rxKey: output.rxKey,
            txKey: output.txKey,
            flags: output.tags ? 0 : LINK_FLAG_NO_TAGS,
            bundleOf: output.bundleOf,
            pace: this.#paceOf(output),
          },
          now(),
        );
        return;
      case 'linkBundle':
        return bundles.set(output.link, output.links);
      case 'linkUp':
        return table.setUp(output.link, true);
      case 'linkTiming':
        return table.setTiming(output.link, output.silence, output.ownInterval, output.heardInterval);
      case 'linkMtu':
        return table.setMtu(output.link, output.mtu);
      case 'linkRetire':
        return this.#retire(output.link);
    }
  }

  /** The links of a bundle share the rate of its main one. */
  #paceOf({ link, bundleOf, peer, address, socket }: LinkOutput & { readonly kind: 'linkInstall' }) {
    const { table, rates } = this.#options;
    if (bundleOf === 0) return rates.paceOf(link, peer, address, socket);
    return rates.paceOf(bundleOf, peer, address, table.socket(bundleOf));
  }

  /** The node itself leaves: from here on its links carry packets as long as they linger. */
  leave(): void {
    this.#leaving = true;
  }

  /** Resolves when no link is on its way out. */
  whenIdle(): Promise<void> {
    return this.#going.length === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #retire(link: number): void {
    if (!this.#leaving) this.#options.table.setUp(link, false);
    this.#going.push({ link, since: this.#options.now(), phase: 'lingering', epoch: 0 });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  #look(): void {
    const freed = this.#going.filter((going) => this.#advance(going));
    this.#going = this.#going.filter((going) => !freed.includes(going));
    for (const { link } of freed) this.#options.onFree(link);
    if (this.#going.length > 0) return;
    this.close();
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Moves a link as far as it goes; true when it is free. */
  #advance(going: GoingLink): boolean {
    const { table, epochs, isFlushed, now } = this.#options;
    if (going.phase === 'lingering') {
      const age = now() - going.since;
      if (age < LINGER_MS || (!isFlushed(going.link) && age < MAX_FLUSH_MS)) return false;
      going.epoch = epochs.advance();
      going.phase = 'draining';
    }
    if (going.phase === 'draining') {
      if (!epochs.passed(going.epoch)) return false;
      table.retire(going.link);
      going.epoch = epochs.advance();
      going.phase = 'retired';
    }
    if (!epochs.passed(going.epoch)) return false;
    table.free(going.link);
    return true;
  }
}
