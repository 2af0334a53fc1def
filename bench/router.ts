/**
 * What routing costs one node at its worst: 32 neighbours, each of which tells of every slot in all four classes, and slots that vanish and return. The router is
 * the real one, under virtual time; what its neighbours say is written by the bench, whose own work counts as the router's.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { plainLink } from '../ts/control/routing/link-quality.js';
import { createRouter } from '../ts/control/routing/router.js';
import { idByte, LAYERS, type Layer, type NodeId } from '../ts/kit/node-id.js';
import { seededRandom } from '../ts/kit/random.js';
import { type RoutingEntry, RoutingEntryWriter } from '../ts/wire/routing-entry.js';
import { type BenchOptions, finish, printTable, progress } from './lib/report.js';

const SELF: NodeId = 0x01010101;
const NEIGHBOURS = 32;
const BOOT_SECONDS = 1_790_000_000;
const CLASSES = [0, 1, 2, 3];
/** Entries of a message: what fits into a frame. */
const ENTRIES = 30;
const FRAME_BYTES = 1100;
/** Neighbours speak of a slot one after the other, so far apart, ms; it is away for so long. */
const APART_MS = 3;
const AWAY_MS = 1000;
/** Share of slots that vanish and return a minute. */
const CHURN = [0.01, 0.1] as const;
const SECONDS = 120;
const SMOKE_SECONDS = 5;

interface RouterResult {
  readonly neighbours: number;
  /** Of all four classes. */
  readonly routes: number;
  /** What the router holds, MB. */
  readonly megabytes: number;
  /** Processor time for taking in all tables, s. */
  readonly fillSeconds: number;
  readonly churn: readonly {
    /** Share of slots a minute. */
    readonly rate: number;
    /** Of one core. */
    readonly cpuPercent: number;
    readonly framesPerSecond: number;
  }[];
}

interface Place {
  readonly layer: Layer;
  readonly byte: number;
}

/** One router and what its neighbours say. */
class FullTable {
  readonly #random = seededRandom(7);
  readonly router = createRouter({ self: SELF, bootSeconds: BOOT_SECONDS, random: () => this.#random.unit() });
  readonly places: readonly Place[] = LAYERS.flatMap((layer) =>
    Array.from({ length: 254 }, (_, i) => ({ layer, byte: i + 1 })).filter(({ byte }) => byte !== idByte(SELF, layer)),
  );
  now = 0;
  frames = 0;
  readonly #writer = new RoutingEntryWriter(FRAME_BYTES);
  readonly #numbers = new Map<number, number>();
  #seqno = 1000;

  /** Members of the same group, which carry all layers. */
  connect(): void {
    for (let link = 1; link <= NEIGHBOURS; link++)
      this.router.linkUp(link, SELF + link, plainLink(5 + 3 * link), this.now);
    this.#drain();
  }

  fill(): void {
    for (let link = 1; link <= NEIGHBOURS; link++) {
      for (let at = 0; at < this.places.length; at += ENTRIES)
        this.tell(link, this.places.slice(at, at + ENTRIES), true);
      this.run(100);
    }
    this.run(30_000);
  }

  /** For so long slots vanish and return, `perMs` of them. */
  churn(perMs: number, duration: number): void {
    const end = this.now + duration;
    const returns: { readonly at: number; readonly place: Place }[] = [];
    for (let vanishes = this.now + this.#gap(perMs); vanishes < end; ) {
      const first = returns[0];
      if (first && first.at < vanishes) {
        returns.shift();
        this.#seqno++;
        this.#tellAll(first.at, first.place, true);
        continue;
      }
      const place = this.places[this.#random.below(this.places.length)] as Place;
      this.#tellAll(vanishes, place, false);
      returns.push({ at: vanishes + AWAY_MS, place });
      vanishes += this.#gap(perMs);
    }
    for (const { at, place } of returns) this.#tellAll(at, place, true);
    this.run(Math.max(0, end - this.now));
  }

  /** All neighbours say it, from this time on or as soon as they have said what came before. */
  #tellAll(at: number, place: Place, isThere: boolean): void {
    this.run(Math.max(0, at - this.now));
    for (let link = 1; link <= NEIGHBOURS; link++) {
      this.tell(link, [place], isThere);
      this.run(APART_MS);
    }
  }

  /** An exponential time, with `perMs` events on average. */
  #gap(perMs: number): number {
    return -Math.log(1 - this.#random.unit()) / perMs;
  }

  tell(link: number, places: readonly Place[], isThere: boolean): void {
    const number = (this.#numbers.get(link) ?? 0) + 1;
    this.#numbers.set(link, number);
    this.#writer.start(this.#seqno, FRAME_BYTES);
    for (const place of places)
      if (!this.#isNeighbour(link, place)) this.#writer.write(isThere ? this.#route(link, place) : retraction(place));
    this.#say(link, { number, baseSeqno: this.#seqno, entries: this.#writer.finish() });
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

  /** A peer says nothing of the slot that it is in itself, as seen from here. */
  #isNeighbour(link: number, { layer, byte }: Place): boolean {
    return layer === 4 && byte === idByte(SELF + link, 4);
  }

  /** Each neighbour has another way, which depends on nothing but the two. */
  #route(link: number, { layer, byte }: Place): RoutingEntry {
    const base = 300 + ((link * 7919 + layer * 104_729 + byte * 1299) % 2000);
    const classes = CLASSES.map((trafficClass) => ({
      trafficClass,
      distance: base + 50 * trafficClass,
      metric: base + 50 * trafficClass,
    }));
    return { kind: 'route', layer, byte, seqno: this.#seqno, hops: 3, classes };
  }

  #say(
    link: number,
    said: { number: number; acknowledged?: number[]; baseSeqno?: number; entries?: Uint8Array },
  ): void {
    const message = {
      acknowledged: [],
      baseSeqno: 0,
      entries: new Uint8Array(),
      requests: [],
      resendLayers: 0,
      ...said,
    };
    if (!this.router.handleSync(link, { $typeName: 'portolan.v1.RoutingSync', ...message }, this.now))
      throw new Error('the router has refused a message');
    this.#drain();
  }

  #drain(): void {
    for (let output = this.router.poll(); output; output = this.router.poll()) {
      if (output.kind !== 'sync') continue;
      this.frames++;
      const { link, message } = output;
      if (message.number !== 0) this.#say(link, { number: 0, acknowledged: [message.number] });
    }
  }
}

function retraction({ layer, byte }: Place): RoutingEntry {
  return { kind: 'retraction', layer, byte, classMask: 15 };
}

export function measureRouter(seconds: number, onProgress: (text: string) => void): RouterResult {
  const table = new FullTable();
  const empty = heldBytes();
  const fillStarted = process.cpuUsage();
  onProgress('router: full tables');
  table.connect();
  table.fill();
  const fillSeconds = cpuSeconds(fillStarted);
  const megabytes = (heldBytes() - empty) / 1e6;
  const churn = CHURN.map((rate) => {
    onProgress(`router: churn of ${100 * rate} % a minute`);
    const [started, from, frames] = [process.cpuUsage(), table.now, table.frames];
    table.churn((rate * table.places.length) / 60_000, 1000 * seconds);
    const passed = (table.now - from) / 1000;
    return {
      rate,
      cpuPercent: (100 * cpuSeconds(started)) / passed,
      framesPerSecond: (table.frames - frames) / passed,
    };
  });
  return { neighbours: NEIGHBOURS, routes: table.router.routes().length, megabytes, fillSeconds, churn };
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

/** What is alive on the heap and in buffers, after a collection. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export async function benchRouter(options: BenchOptions): Promise<number> {
  const result = measureRouter(options.smoke ? SMOKE_SECONDS : SECONDS, progress);
  finish(options, 'router', result, () => print(result));
  return 0;
}

function print({ neighbours, routes, megabytes, fillSeconds, churn }: RouterResult): void {
  printTable(
    `One router, ${neighbours} neighbours, ${routes} routes in four classes: ${megabytes.toFixed(1)} MB; ${fillSeconds.toFixed(2)} s of processor to take in all tables`,
    ['slots that vanish and return', 'processor, of one core', 'frames sent a second'],
    churn.map(({ rate, cpuPercent, framesPerSecond }) => [
      `${100 * rate} % a minute`,
      `${cpuPercent.toFixed(2)} %`,
      framesPerSecond.toFixed(0),
    ]),
  );
}
