/** Which columns of the links fit a terminal of a given width, and in which order the links stand. */
import type { LinkRates } from './sampler.js';

/** Widths of the columns; 0: left out. */
export interface LinkColumns {
  readonly peer: number;
  readonly address: number;
  /** Bits a second beside packets a second. */
  readonly bits: number;
  readonly rttSpark: number;
  readonly lossSpark: number;
  readonly bandwidth: number;
}

/** Widths of the columns that are always there. */
export const WIDTHS = { state: 10, rate: 10, rtt: 9, loss: 8 } as const;
const BITS = 13;
const BANDWIDTH = 14;

/** Adds columns in the order of their worth while there is room. `width`: all that the table may take. */
export function fitColumns(width: number, links: readonly LinkRates[]): LinkColumns {
  const peer = longest(links.map(({ link }) => link.peer)) + 2;
  const address = longest(links.map(({ link }) => shortAddress(link.address))) + 2;
  let room = width - peer - WIDTHS.state - 2 * WIDTHS.rate - WIDTHS.rtt - WIDTHS.loss;
  const take = (least: number, most = least): number => {
    if (room < least) return 0;
    const taken = Math.min(room, most);
    room -= taken;
    return taken;
  };
  const columns = {
    rttSpark: take(9),
    address: take(Math.min(address, 24), address),
    lossSpark: take(9),
    bits: take(2 * BITS) > 0 ? BITS : 0,
    bandwidth: take(BANDWIDTH),
  };
  return { ...columns, peer, rttSpark: columns.rttSpark > 0 ? columns.rttSpark + take(1, 24) : 0 };
}

/** Most links are over UDP: only another scheme is worth its columns. */
export function shortAddress(url: string): string {
  return url.replace(/^udp:\/\//, '');
}

export const SORTS = ['peer', 'in', 'out', 'rtt', 'loss'] as const;
export type Sort = (typeof SORTS)[number];

/** The links in the order that people asked for: largest first, but peers by number. */
export function sortLinks(links: readonly LinkRates[], sort: Sort): LinkRates[] {
  const keys: Record<Exclude<Sort, 'peer'>, (rates: LinkRates) => number> = {
    in: (rates) => rates.in.packetsPerSecond,
    out: (rates) => rates.out.packetsPerSecond,
    rtt: (rates) => rates.link.rttMs ?? -1,
    loss: (rates) => rates.link.lossPercent,
  };
  if (sort === 'peer') return links.toSorted(byPeer);
  const key = keys[sort];
  return links.toSorted((a, b) => key(b) - key(a) || byPeer(a, b));
}

function byPeer(a: LinkRates, b: LinkRates): number {
  return a.link.peer.localeCompare(b.link.peer, 'en', { numeric: true });
}

function longest(texts: readonly string[]): number {
  return Math.max(7, ...texts.map((text) => text.length));
}
