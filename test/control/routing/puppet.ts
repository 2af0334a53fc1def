/** One router, and neighbours whose every word the test speaks: for the rules one by one. */
import { create } from '@bufbuild/protobuf';
import { plainLink } from '../../../ts/control/routing/link-quality.js';
import { createRouter } from '../../../ts/control/routing/router.js';
import type { Router, RouterOptions, RouterOutput } from '../../../ts/control/routing/router.types.js';
import { seededRandom } from '../../../ts/kit/random.js';
import {
  type Digest,
  type RouteRequest,
  RouteRequestSchema,
  type RoutingSync,
  RoutingSyncSchema,
} from '../../../ts/wire/gen/portolan/v1/control_pb.js';
import { type RoutingEntry, RoutingEntryWriter, readRoutingEntries } from '../../../ts/wire/routing-entry.js';
import { id } from './harness.js';

export const BOOT = 1_790_000_000;

/** A route of layer 4 in the class that is routed. */
export function route(byte: number, seqno: number, distance: number, metric = distance, hops = 1): RoutingEntry {
  return { kind: 'route', layer: 4, byte, seqno, hops, classes: [{ trafficClass: 0, distance, metric }] };
}

export function retraction(byte: number): RoutingEntry {
  return { kind: 'retraction', layer: 4, byte, classMask: 1 };
}

interface SentFrame {
  readonly link: number;
  readonly at: number;
  readonly message: RoutingSync;
  readonly entries: readonly RoutingEntry[];
}

export class Puppet {
  readonly router: Router;
  /** Everything that came out, in order. */
  readonly outputs: RouterOutput[] = [];
  readonly frames: SentFrame[] = [];
  now = 0;
  /** Neighbours acknowledge what they hear. */
  acknowledges = true;
  readonly #numbers = new Map<number, number>();
  #nextLink = 1;

  constructor(self = '1.1.1.1', options: Partial<RouterOptions> = {}) {
    const random = seededRandom(7);
    this.router = createRouter({ self: id(self), bootSeconds: BOOT, random: () => random.unit(), ...options });
  }

  /** A neighbour's session comes up. Its link index. */
  peer(text: string, rtt = 10): number {
    const link = this.#nextLink++;
    this.router.linkUp(link, id(text), plainLink(rtt), this.now);
    this.#drain();
    return link;
  }

  down(link: number): void {
    this.router.linkDown(link, this.now);
    this.#drain();
  }

  rtt(link: number, rtt: number): void {
    this.router.linkQuality(link, plainLink(rtt), this.now);
    this.#drain();
  }

  /** The neighbour says this, in its next frame or in the one of `number`. Whether the router took it. */
  tell(link: number, entries: readonly RoutingEntry[], number = this.#nextNumber(link)): boolean {
    return this.say(link, { number, ...packed(entries) });
  }

  ask(link: number, request: Partial<Omit<RouteRequest, '$typeName' | '$unknown'>>): boolean {
    const whole = create(RouteRequestSchema, { layer: 4, hopBudget: 32, ...request });
    return this.say(link, { number: this.#nextNumber(link), requests: [whole] });
  }

  digest(link: number, digest: Digest): boolean {
    return this.say(link, { digest });
  }

  say(link: number, fields: Partial<Omit<RoutingSync, '$typeName' | '$unknown'>>): boolean {
    const taken = this.router.handleSync(link, create(RoutingSyncSchema, fields), this.now);
    this.#drain();
    return taken;
  }

  run(duration: number): void {
    const end = this.now + duration;
    for (let due = this.router.nextTimeout(); due <= end; due = this.router.nextTimeout()) {
      this.now = Math.max(this.now, due);
      this.router.handleTimeout(this.now);
      this.#drain();
    }
    this.now = end;
  }

  /** What the neighbour was last told of the slot in the class, and of that class alone. */
  said(link: number, byte: number, layer = 4, trafficClass = 0): RoutingEntry | undefined {
    const all = this.frames.filter((frame) => frame.link === link).flatMap((frame) => frame.entries);
    const ofSlot = all.filter((entry) => entry.byte === byte && entry.layer === layer);
    return ofSlot.map((entry) => inClass(entry, trafficClass)).findLast((entry) => entry !== undefined);
  }

  /** Requests to the neighbour since the last call. */
  asked(link: number): RouteRequest[] {
    const mine = this.frames.filter((frame) => frame.link === link);
    const found = mine.flatMap((frame) => frame.message.requests);
    for (const { message } of mine) message.requests = [];
    return found;
  }

  entry(byte: number): ReturnType<Router['entry']> {
    return this.router.entry(4, byte, 0);
  }

  #nextNumber(link: number): number {
    const number = (this.#numbers.get(link) ?? 0) + 1;
    this.#numbers.set(link, number);
    return number;
  }

  #drain(): void {
    for (let output = this.router.poll(); output; output = this.router.poll()) {
      this.outputs.push(output);
      if (output.kind !== 'sync') continue;
      const { link, message } = output;
      const entries = readRoutingEntries(message.entries, message.baseSeqno);
      if (typeof entries === 'string') throw new Error(entries);
      this.frames.push({ link, at: this.now, message, entries });
      if (this.acknowledges && message.number !== 0) this.say(link, { acknowledged: [message.number] });
    }
  }
}

function inClass(entry: RoutingEntry, trafficClass: number): RoutingEntry | undefined {
  if (entry.kind === 'ownZone') return entry;
  if (entry.kind === 'retraction')
    return (entry.classMask & (1 << trafficClass)) === 0 ? undefined : { ...entry, classMask: 1 << trafficClass };
  const classes = entry.classes.filter((one) => one.trafficClass === trafficClass);
  return classes.length === 0 ? undefined : { ...entry, classes };
}

export function packed(entries: readonly RoutingEntry[]): { baseSeqno: number; entries: Uint8Array } {
  const baseSeqno = Math.min(...entries.map((entry) => (entry.kind === 'retraction' ? 0xffffffff : entry.seqno)));
  const writer = new RoutingEntryWriter(20_000);
  writer.start(baseSeqno, 20_000);
  for (const entry of entries) writer.write(entry);
  return { baseSeqno, entries: writer.finish() };
}
