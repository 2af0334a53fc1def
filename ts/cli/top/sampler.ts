/** Turns the counters of a node, asked again and again, into rates and short histories. */
import type { LinkReport, StatusReport } from '../../node/admin.types.js';

/** What was asked at one moment. `atMs`: any monotonic clock. */
export interface Snapshot {
  readonly atMs: number;
  readonly status: StatusReport;
  readonly links: readonly LinkReport[];
}

/** How much passes a second. */
export interface Flow {
  readonly packetsPerSecond: number;
  readonly bitsPerSecond: number;
}

export interface LinkRates {
  readonly link: LinkReport;
  readonly in: Flow;
  readonly out: Flow;
  /** Newest last; null where there was no measurement. */
  readonly rttHistory: readonly (number | null)[];
  readonly lossHistory: readonly (number | null)[];
}

/** What `top` shows, and with `--json` prints. */
export interface Sample {
  readonly status: StatusReport;
  /** Seconds between the two looks. */
  readonly seconds: number;
  readonly in: Flow;
  readonly out: Flow;
  readonly forwardedPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly droppedPerSecond: Readonly<Record<string, number>>;
  /** Packets in and out a second, newest last. */
  readonly inHistory: readonly number[];
  readonly outHistory: readonly number[];
  readonly links: readonly LinkRates[];
}

/** Looks that a history holds. */
export const HISTORY = 120;

interface LinkMemory {
  readonly before: LinkReport;
  readonly rtt: readonly (number | null)[];
  readonly loss: readonly (number | null)[];
}

export class Sampler {
  #before: Snapshot | undefined;
  #memory = new Map<string, LinkMemory>();
  #in: readonly number[] = [];
  #out: readonly number[] = [];

  /** Takes the next snapshot. Rates are 0 in the first sample, and after the node was restarted. */
  next(now: Snapshot): Sample {
    const before = this.#before?.status.pid === now.status.pid ? this.#before : undefined;
    this.#before = now;
    const seconds = before ? (now.atMs - before.atMs) / 1000 : 0;
    const perSecond = (later: number, earlier: number | undefined) =>
      seconds > 0 && earlier !== undefined ? Math.max(0, later - earlier) / seconds : 0;
    const flow = (packets: number, bytes: number, earlierPackets?: number, earlierBytes?: number): Flow => ({
      packetsPerSecond: perSecond(packets, earlierPackets),
      bitsPerSecond: 8 * perSecond(bytes, earlierBytes),
    });
    const counters = now.status.counters;
    const earlier = before?.status.counters;
    const into = flow(counters.received, counters.receivedBytes, earlier?.received, earlier?.receivedBytes);
    const out = flow(counters.sent, counters.sentBytes, earlier?.sent, earlier?.sentBytes);
    if (before) {
      this.#in = remember(this.#in, into.packetsPerSecond);
      this.#out = remember(this.#out, out.packetsPerSecond);
    }

    const memory = new Map<string, LinkMemory>();
    const links = now.links.map((link): LinkRates => {
      const key = `${link.peer} ${link.address}`;
      const known = before ? this.#memory.get(key) : undefined;
      // A link that came back counts from zero: its earlier numbers say nothing.
      const last =
        known && known.before.rxFrames <= link.rxFrames && known.before.txFrames <= link.txFrames
          ? known.before
          : undefined;
      const rtt = remember(known?.rtt ?? [], link.state === 'up' ? link.rttMs : null);
      const loss = remember(known?.loss ?? [], link.state === 'up' ? link.lossPercent : null);
      memory.set(key, { before: link, rtt, loss });
      return {
        link,
        in: flow(link.rxFrames, link.rxBytes, last?.rxFrames, last?.rxBytes),
        out: flow(link.txFrames, link.txBytes, last?.txFrames, last?.txBytes),
        rttHistory: rtt,
        lossHistory: loss,
      };
    });
    this.#memory = memory;

    return {
      status: now.status,
      seconds,
      in: into,
      out,
      forwardedPerSecond: perSecond(counters.forwarded, earlier?.forwarded),
      deliveredPerSecond: perSecond(counters.delivered, earlier?.delivered),
      droppedPerSecond: Object.fromEntries(
        Object.entries(counters.dropped).map(([reason, n]) => [reason, perSecond(n, earlier?.dropped[reason])]),
      ),
      inHistory: this.#in,
      outHistory: this.#out,
      links,
    };
  }
}

function remember<T>(history: readonly T[], value: T): readonly T[] {
  return [...history, value].slice(-HISTORY);
}
