/**
 * Seeded pseudo-random numbers (xoshiro128**, Blackman and Vigna 2018) for whatever must be replayed:
 * the simulator, fuzzers and load generators. Not for secrets: those come from `edge`.
 */
export interface Random {
  /** A uniform integer from 0 to 2^32 - 1. */
  next(): number;
  /** A uniform number in [0, 1). */
  unit(): number;
  /** A uniform integer in [0, bound), for 1 <= bound <= 2^32. */
  below(bound: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** A generator of its own, so that adding a consumer here does not change the numbers there. */
  fork(): Random;
}

export function seededRandom(seed: number): Random {
  // splitmix32 fills the state, so that neighbouring seeds give unrelated sequences.
  let fill = seed >>> 0;
  const word = () => {
    fill = (fill + 0x9e3779b9) >>> 0;
    let z = fill;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = word();
  let b = word();
  let c = word();
  let d = word();
  const next = () => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return scrambled;
  };
  const random: Random = {
    next,
    unit: () => next() / 0x1_0000_0000,
    below: (bound) => Math.floor((next() / 0x1_0000_0000) * bound),
    chance: (probability) => next() / 0x1_0000_0000 < probability,
    fork: () => seededRandom(next()),
  };
  return random;
}

function rotate(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
