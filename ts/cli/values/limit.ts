/** Limits of a path as people write them: `<100ms`, `>10Mbit`; the sign may be left out, for there is only one that makes sense. */
import { readBitRate, readQuantity } from '../../kit/quantity.js';
import { bad, good, type Parser } from './value.js';

/** `<100ms`: milliseconds; a bare number is in milliseconds. */
export const parseRttLimit: Parser<number> = limit('<', 'a round trip such as <100ms', (text) =>
  readQuantity(text, { '': 1, us: 0.001, ms: 1, s: 1000 }),
);

/** `<10`. */
export const parseCostLimit: Parser<number> = limit('<', 'a cost such as <10', (text) => readQuantity(text, { '': 1 }));

/** `>10Mbit`: Mbit/s. */
export const parseBandwidthLimit: Parser<number> = limit('>', 'a bandwidth such as >10Mbit', (text) => {
  const bits = readBitRate(text);
  return bits === undefined ? undefined : bits / 1e6;
});

/** `<1%`: percent. */
export const parseLossLimit: Parser<number> = limit('<', 'a loss such as <1%', (text) => {
  const percent = readQuantity(text, { '': 1, '%': 1 });
  return percent !== undefined && percent < 100 ? percent : undefined;
});

/** `<10`: links. */
export const parseHopsLimit: Parser<number> = limit('<', 'a number of hops from 1 to 16, such as <10', (text) => {
  const hops = readQuantity(text, { '': 1 });
  return hops !== undefined && Number.isInteger(hops) && hops >= 1 && hops <= 16 ? hops : undefined;
});

function limit(sign: '<' | '>', expected: string, read: (text: string) => number | undefined): Parser<number> {
  return (text) => {
    const value = read(text.trim().replace(new RegExp(`^${sign}=?\\s*`), ''));
    return value === undefined ? bad(expected, text) : good(value);
  };
}
