/** Quantities as people write them: a number and a unit, as in `50ms`, `64KiB`, `50Mbit`. */

const QUANTITY = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-zA-Zµ/%]*)$/;

/** What one of each unit is worth. The empty unit is that of a bare number. */
export type Units = Readonly<Record<string, number>>;

/** Milliseconds. */
export const DURATION_UNITS: Units = {
  us: 0.001,
  µs: 0.001,
  ms: 1,
  s: 1000,
  '': 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/** Bytes. */
export const SIZE_UNITS: Units = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1000,
  kib: 1024,
  m: 1e6,
  mb: 1e6,
  mib: 1024 * 1024,
};

/** Bits a second; also with `/s` or `ps` behind them. */
export const BIT_RATE_UNITS: Units = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };

/** The number and the unit in a text; undefined when it is no quantity. */
export function splitQuantity(text: string): { readonly number: number; readonly unit: string } | undefined {
  const match = QUANTITY.exec(text);
  return match ? { number: Number(match[1]), unit: match[2] ?? '' } : undefined;
}

/** What a text says in one of the units, spelt as there; undefined when it is no such quantity. */
export function readQuantity(text: string, units: Units): number | undefined {
  const quantity = splitQuantity(text);
  const worth = quantity && Object.hasOwn(units, quantity.unit) ? units[quantity.unit] : undefined;
  return quantity === undefined || worth === undefined ? undefined : quantity.number * worth;
}

/** Bits a second, as in `50Mbit` or `1Gbit/s`; in whatever case. */
export function readBitRate(text: string): number | undefined {
  return readQuantity(text.toLowerCase().replace(/(\/s|ps)$/, ''), BIT_RATE_UNITS);
}

/** A share, as in `1%`, from 0 to 1. */
export function readShare(text: string): number | undefined {
  const share = readQuantity(text, { '%': 0.01 });
  return share !== undefined && share <= 1 ? share : undefined;
}
