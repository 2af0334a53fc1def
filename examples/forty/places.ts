/**
 * Where the nodes are: the first rows of a table of round-trip times that were measured between PlanetLab nodes, and ids that follow it, so that nodes
 * near each other have ids that begin alike: the same first byte within 30 ms of a centre, the second within 8 ms, the third within 2 ms.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Place {
  readonly id: string;
  /** To each other place, by its id: the round-trip time in ms. */
  readonly rtt: ReadonlyMap<string, number>;
}

/** Round trip between a zone's centre and its members at most, ms; of layers 1 to 3. */
const RADII_MS = [30, 8, 2] as const;

export function placesOf(count: number): Place[] {
  const rtt = readMatrix();
  if (count > rtt.length) throw new RangeError(`the table has ${rtt.length} nodes, not ${count}`);
  const near = (a: number, b: number): number =>
    a === b ? 0 : Math.min(rtt[a]?.[b] ?? Infinity, rtt[b]?.[a] ?? Infinity);
  const ids: string[] = [];
  divide(
    Array.from({ length: count }, (_, i) => i),
    [],
    near,
    (member, id) => {
      ids[member] = id;
    },
  );
  return ids.map((id, a) => ({
    id,
    rtt: new Map(ids.flatMap((other, b) => (a === b ? [] : [[other, near(a, b)] as const]))),
  }));
}

/** What `--emulate` says for one node: it delays what it sends by half of the round trip, the other end does the rest. */
export function emulationOf({ rtt }: Place): string[] {
  return [...rtt].map(([peer, ms]) => `${peer} delay=${(ms / 2).toFixed(2)}ms`);
}

/** How long what one of them sends takes to another, ms. */
export function delaysOf(places: readonly Place[]): (from: string, to: string) => number {
  const rtts = new Map(places.map(({ id, rtt }) => [id, rtt]));
  return (from, to) => (rtts.get(from)?.get(to) ?? 0) / 2;
}

/** Zones within zones: whoever is near no centre yet becomes one, the others join the nearest. */
function divide(
  members: readonly number[],
  bytes: readonly number[],
  near: (a: number, b: number) => number,
  name: (member: number, id: string) => void,
): void {
  const radius = RADII_MS[bytes.length];
  if (radius === undefined) {
    members.forEach((member, i) => name(member, [...bytes, i + 1].join('.')));
    return;
  }
  const centres: number[] = [];
  for (const member of members) if (!centres.some((centre) => near(member, centre) <= radius)) centres.push(member);
  const zones = centres.map((): number[] => []);
  for (const member of members) {
    const distances = centres.map((centre) => near(member, centre));
    zones[distances.indexOf(Math.min(...distances))]?.push(member);
  }
  zones.forEach((zone, i) => divide(zone, [...bytes, i + 1], near, name));
}

function readMatrix(): number[][] {
  const text = readFileSync(join(packageRoot(), 'test/vectors/planetlab/slice-1.tsv'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('\t').map(Number));
}

/** The clone that this runs in: the nearest folder above with a package.json. */
export function packageRoot(): string {
  return dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
}
