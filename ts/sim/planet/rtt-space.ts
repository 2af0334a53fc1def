/** Where nodes are: the round-trip time between any two of them over the network below, whether a link joins them or not. */
import type { Random } from '../../kit/random.js';

export interface RttSpace {
  /** How many nodes; they are numbered from 0. */
  readonly size: number;
  /** Milliseconds, the same in both directions; Infinity: no datagram passes between them. */
  rtt(a: number, b: number): number;
}

const EARTH_RADIUS_KM = 6371;
/** Light in glass, there and back: kilometres of distance a millisecond of round trip. */
const KM_PER_MS = 100;
/** Paths are longer than the great circle, by a factor between these that depends on the two places. */
const DETOUR_FROM = 1.2;
const DETOUR_SPREAD = 1.1;
/** The last mile of a node, ms there and back: exponential with this mean, and at least so much. */
const ACCESS_MEAN_MS = 2;
const ACCESS_LEAST_MS = 0.2;

/** Of a node on the globe: degrees, and which place it is in; paths between the same two places have the same detour. */
export interface Site {
  readonly latitude: number;
  readonly longitude: number;
  readonly place: number;
}

/** The globe. Detours break the triangle inequality as the Internet's do: a relay may be faster than the direct way. */
export function globe(random: Random, sites: readonly Site[]): RttSpace {
  const size = sites.length;
  const vectors = new Float64Array(3 * size);
  const access = new Float64Array(size);
  const places = new Int32Array(size);
  sites.forEach(({ latitude, longitude, place }, i) => {
    const [phi, lambda] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
    vectors.set([Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)], 3 * i);
    access[i] = ACCESS_LEAST_MS - ACCESS_MEAN_MS * Math.log(1 - random.unit());
    places[i] = place;
  });
  const salt = random.next();
  const at = (i: number) => vectors[i] as number;
  return {
    size,
    rtt(a, b) {
      if (a === b) return 0;
      const cosine = at(3 * a) * at(3 * b) + at(3 * a + 1) * at(3 * b + 1) + at(3 * a + 2) * at(3 * b + 2);
      const distance = EARTH_RADIUS_KM * Math.acos(Math.max(-1, Math.min(1, cosine)));
      const detour = DETOUR_FROM + DETOUR_SPREAD * pairUnit(places[a] as number, places[b] as number, salt);
      return (access[a] as number) + (access[b] as number) + (detour * distance) / KM_PER_MS;
    },
  };
}

/** A square of `sideMs` by `sideMs`: the round-trip time is the distance, and 1 ms. */
export function plane(points: readonly { readonly x: number; readonly y: number }[], sideMs: number): RttSpace {
  const x = Float64Array.from(points, (point) => point.x);
  const y = Float64Array.from(points, (point) => point.y);
  return {
    size: points.length,
    rtt: (a, b) =>
      a === b ? 0 : 1 + sideMs * Math.hypot((x[a] as number) - (x[b] as number), (y[a] as number) - (y[b] as number)),
  };
}

/** A number in [0, 1) that depends on the unordered pair and nothing else. */
function pairUnit(a: number, b: number, salt: number): number {
  let h = salt ^ Math.imul(Math.min(a, b) + 1, 0x9e3779b1) ^ Math.imul(Math.max(a, b) + 1, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return ((h ^ (h >>> 15)) >>> 0) / 0x1_0000_0000;
}
