/** Which columns of the links fit a terminal of a given width. */
import type { LinkRates } from './sampler.js';

export interface LinkColumns {
  /** 0: the column is left out. */
  readonly address: number;
  readonly rttSpark: number;
  readonly lossSpark: number;
  /** Bits a second beside packets a second. */
  readonly bits: boolean;
}

const PEER = 16;
const STATE = 10;
const RATE = 10;
const BITS = 13;
const RTT = 9;
const LOSS = 8;

export const WIDTHS = { peer: PEER, state: STATE, rate: RATE, bits: BITS, rtt: RTT, loss: LOSS } as const;

/** Adds columns in the order of their worth while there is room. */
export function fitColumns(width: number, links: readonly LinkRates[]): LinkColumns {
  let room = width - 2 - (PEER + STATE + 2 * RATE + RTT + LOSS);
  const take = (wanted: number, least = wanted): number => {
    if (room < least) return 0;
    const taken = Math.min(room, wanted);
    room -= taken;
    return taken;
  };
  const longest = Math.max(...links.map(({ link }) => link.address.length), 'ADDRESS'.length) + 2;
  const rttSpark = take(12, 8);
  const bits = take(2 * BITS) > 0;
  const address = take(Math.min(longest, 34), 24);
  const lossSpark = take(10, 8);
  const wider = take(12, 0);
  return { address, rttSpark: rttSpark + (rttSpark ? wider : 0), lossSpark, bits };
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
