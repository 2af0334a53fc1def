/** Quantities as people write them: durations, sizes, rates, counts. */
import { DURATION_UNITS, readQuantity, SIZE_UNITS, splitQuantity, type Units } from '../../kit/quantity.js';
import { bad, good, type Parsed, type Parser } from './value.js';

/** A duration in milliseconds: `500ms`, `10s`, `2m`, `1h`; a bare number is in seconds. */
export const parseDuration: Parser<number> = (text) =>
  scaled(text, DURATION_UNITS, 'a duration such as 500ms, 10s or 2m (a bare number is in seconds)');

/** A size in bytes: `1200`, `64KiB`, `1MB`. */
export const parseSize: Parser<number> = (text) => {
  const parsed = scaled(text.toLowerCase(), SIZE_UNITS, 'a size in bytes such as 1200 or 64KiB');
  return 'value' in parsed ? good(Math.round(parsed.value)) : parsed;
};

/** A rate: of packets a second, or of bits a second (which becomes packets once the packet's size is known). */
export interface Rate {
  readonly unit: 'packets' | 'bits';
  /** A second; 0 packets: as fast as it goes. */
  readonly perSecond: number;
}

const RATE_UNITS: Readonly<Record<string, readonly [Rate['unit'], number]>> = {
  '': ['packets', 1],
  pps: ['packets', 1],
  k: ['packets', 1e3],
  kpps: ['packets', 1e3],
  m: ['packets', 1e6],
  mpps: ['packets', 1e6],
  bit: ['bits', 1],
  kbit: ['bits', 1e3],
  mbit: ['bits', 1e6],
  gbit: ['bits', 1e9],
};

/** `8000`, `8k`, `1.2M` (packets a second), `500Mbit`, `1Gbit/s` (bits a second), or `max`. */
export const parseRate: Parser<Rate> = (text) => {
  if (text === 'max') return good({ unit: 'packets', perSecond: 0 });
  const quantity = splitQuantity(text);
  const unit =
    RATE_UNITS[(quantity?.unit ?? '?').toLowerCase().replace(/(\/s|ps)$/, (end) => (end === '/s' ? '' : end))];
  if (!quantity || !unit) return bad('a rate such as 8000, 8k or 1.2M packets a second, 500Mbit, or max', text);
  return good({ unit: unit[0], perSecond: quantity.number * unit[1] });
};

/** A rate as packets a second of `size` bytes of payload each. */
export function packetsPerSecond(rate: Rate, size: number): number {
  return rate.unit === 'packets' ? rate.perSecond : rate.perSecond / (8 * size);
}

/** A whole number within bounds, both included. */
export function parseInteger(minimum: number, maximum: number, what: string): Parser<number> {
  const expected = `${what} from ${minimum} to ${maximum}`;
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= minimum && value <= maximum ? good(value) : bad(expected, text);
  };
}

function scaled(text: string, units: Units, expected: string): Parsed<number> {
  const value = readQuantity(text, units);
  return value === undefined ? bad(expected, text) : good(value);
}
