/** The watch over pinned paths: shows the checkers what nodes say to each other, what their tables hold, and what leaves them. */
import type { ControlEvent } from '../../control/io.js';
import { formatNodeId } from '../../kit/node-id.js';
import { decodeControl } from '../../wire/control.js';
import { LINK_INDEX_MASK, OFFSET_LABEL, OFFSET_LINK_NUMBER } from '../../wire/link-header.js';
import { OFFSET_CLASS, OFFSET_DESTINATION } from '../../wire/network-header.js';
import type { PinMessage } from '../../wire/pins.js';
import type { Checker, Vertex } from '../checker.js';
import type { Watch } from '../watch.js';
import { LabelledPackets } from './labelled-packets.js';
import { PinChecker, type PinnedNode } from './pin-checker.js';
import { PinLedger } from './pin-ledger.js';

/** The first byte of a control message that is a PinRequest, PinGrant or PinEnd: its field number and wire type. */
const PIN_TAGS: ReadonlySet<number> = new Set([6, 7, 8].map((field) => (field << 3) | 2));
const KEPT_PROBLEMS = 50;

export interface PinWatchHost {
  readonly checker: Checker;
  readonly watch: Watch;
  now(): number;
  note(what: string): void;
}

export class PinWatch {
  /** The first things that were wrong, a sentence each; and how many there were. */
  readonly problems: string[] = [];
  violations = 0;
  readonly packets: LabelledPackets;
  readonly tables: PinChecker;
  /** Hears of what nodes tell about queries and pins. */
  onEvent: (vertex: Vertex, event: ControlEvent) => void = () => {};
  readonly #host: PinWatchHost;
  readonly #ledger: PinLedger;

  constructor(host: PinWatchHost) {
    const { checker, watch } = host;
    this.#host = host;
    const idOf = (vertex: Vertex) => checker.idOf(vertex);
    const report = (text: string) => this.#report(text);
    this.#ledger = new PinLedger(idOf);
    this.tables = new PinChecker({ idOf, peerOf: (vertex, link) => watch.peerOf(vertex, link), report }, this.#ledger);
    this.packets = new LabelledPackets({
      asked: (vertex, destination, trafficClass) => this.#ledger.asked(vertex, destination, trafficClass),
      changes: () => checker.sums.changes,
      report,
    });
  }

  /** A node comes to life. */
  add(node: PinnedNode): void {
    this.tables.add(node);
  }

  died(vertex: Vertex): void {
    this.tables.died(vertex);
    this.#ledger.died(vertex);
  }

  /** The payload of a control frame leaves an incarnation. */
  sent(vertex: Vertex, payload: Uint8Array): void {
    const message = pinMessage(payload);
    if (!message) return;
    this.#ledger.sent(vertex, message);
    if (message.kind === 'pinGrant') this.tables.granted(vertex, message.grant.label);
    if (message.kind === 'pinRequest' && new Set(message.request.path).size < message.request.path.length)
      this.#report(`a path names a node twice: ${message.request.path.map(formatNodeId).join(' > ')}`);
  }

  /** The payload of a control frame has come to an incarnation by one of its links. */
  heard(vertex: Vertex, link: number, payload: Uint8Array): void {
    const message = pinMessage(payload);
    if (!message) return;
    const from = this.#host.checker.idOf(this.#host.watch.peerOf(vertex, link));
    this.#ledger.heard(vertex, link, from, message, this.#host.now());
  }

  /** A data frame, which lies at `at`, has come to the incarnation. */
  arrived(vertex: Vertex, view: DataView, at: number): void {
    const label = view.getUint32(at + OFFSET_LABEL);
    if (label === 0) return;
    const link = view.getUint32(at + OFFSET_LINK_NUMBER) & LINK_INDEX_MASK;
    this.tables.arrived(vertex, link, label, view.getUint32(at + OFFSET_DESTINATION), view.getUint8(at + OFFSET_CLASS));
  }

  /** Looks at all tables. */
  look(): void {
    this.tables.look(this.#host.now());
    this.packets.forget(this.#host.now());
  }

  #report(text: string): void {
    this.violations++;
    if (this.problems.length < KEPT_PROBLEMS) this.problems.push(`${this.#host.now().toFixed(3)} ms: ${text}`);
    this.#host.note(`PIN ${text}`);
  }
}

function pinMessage(payload: Uint8Array): PinMessage | undefined {
  if (!PIN_TAGS.has(payload[0] ?? 0)) return undefined;
  const message = decodeControl(payload);
  if (message === 'malformed') return undefined;
  return message.kind === 'pinRequest' || message.kind === 'pinGrant' || message.kind === 'pinEnd'
    ? message
    : undefined;
}
