/** The direct table: against a plain map under random churn, and in all interleavings of a reader with the writer. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DirectTable, DirectTableWriter } from '../../ts/memory/direct-table.js';
import { Epochs, WorkerEpoch } from '../../ts/memory/epochs.js';
import { idSlots } from '../../ts/memory/id-table.js';
import { LINK_PEER_ID } from '../../ts/memory/link-table.js';
import {
  createRegion,
  HEADER_BYTES,
  HEADER_WORD_DIRECT,
  LINK_ENTRY_BYTES,
  type Region,
  WORKER_STATE_BYTES,
} from '../../ts/memory/region.js';
import { explore, type ThreadBody } from './explorer.js';

/** As the installer of a session does. */
function namePeer({ buffer, layout }: Region, link: number, id: number): void {
  new Int32Array(buffer)[(layout.linkEntries + link * LINK_ENTRY_BYTES + LINK_PEER_ID) / 4] = id;
}

/** Ids that begin their search at the same place of a table for so many neighbours. */
function colliding(neighbours: number, count: number): number[] {
  const shift = Math.clz32(idSlots(neighbours)) + 1;
  const ids: number[] = [];
  for (let id = 0x0101_0101; ids.length < count; id++) if (Math.imul(id, 0x9e3779b1) >>> shift === 1) ids.push(id);
  return ids;
}

test('what was set is found, what was removed is not, for any churn', () => {
  const leaf = fc.integer({ min: 1, max: 40 });
  const step = fc.record({ id: leaf, up: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const region = createRegion({ workers: 1, links: 64 });
      const writer = new DirectTableWriter(region, new Epochs(region));
      const table = new DirectTable(region);
      const known = new Map<number, number>();
      const free = Array.from({ length: 41 }, (_, i) => 20 + i);
      for (const { id: n, up } of steps) {
        const id = 0x7f01_0100 + 0x1_0001 * n;
        const link = known.get(id);
        if (!up && link !== undefined) {
          writer.remove(id, link);
          known.delete(id);
          free.push(link);
        } else if (up) {
          const next = free.shift() as number;
          namePeer(region, next, id);
          writer.set(id, next);
          known.set(id, next);
          if (link !== undefined) free.push(link);
        }
        assert.is(table.open(), known.size > 0);
        assert.is(writer.size, known.size);
        if (known.size === 0) continue;
        for (let i = 1; i <= 40; i++) {
          const each = 0x7f01_0100 + 0x1_0001 * i;
          assert.is(table.find(each | 0, 0), known.get(each) ?? 0);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('an earlier link of a neighbour cannot remove its later one; ids above 2^31 are ids', () => {
  const region = createRegion({ workers: 1, links: 8 });
  const writer = new DirectTableWriter(region, new Epochs(region));
  const table = new DirectTable(region);
  const id = 0xc001_0205;
  for (const link of [3, 4]) namePeer(region, link, id);
  writer.set(id, 3);
  writer.set(id, 4);
  writer.remove(id, 3);
  assert.ok(table.open());
  assert.is(table.find(id | 0, 0), 4);
  writer.remove(id, 4);
  assert.not(table.open());
  writer.remove(id, 4);
  assert.is(writer.size, 0);
});

test('a full table takes no more, and a search for what is not there ends', () => {
  const region = createRegion({ workers: 1, links: 33 });
  const writer = new DirectTableWriter(region, new Epochs(region));
  const ids = colliding(32, 33);
  for (const [i, id] of ids.slice(0, 32).entries()) {
    namePeer(region, 1 + i, id);
    writer.set(id, 1 + i);
  }
  const last = ids[32] as number;
  assert.throws(() => writer.set(last, 32), /room for the id/);
  const table = new DirectTable(region);
  assert.ok(table.open());
  assert.is(table.find(last, 0), 0);
  assert.equal(
    ids.slice(0, 32).map((id) => table.find(id, 0)),
    ids.slice(0, 32).map((_, i) => 1 + i),
  );
});

test('marks are swept while neighbours come and go, but only into memory that nobody searches', () => {
  const region = createRegion({ workers: 1, links: 33 });
  const epochs = new Epochs(region);
  const worker = new WorkerEpoch(region, 0);
  const writer = new DirectTableWriter(region, epochs);
  const header = new Int32Array(region.buffer);
  const halves = new Set<number>();
  const churn = (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      const ids = Array.from({ length: 30 }, (_, i) => 0x0101_0100 + 977 * (round * 30 + i));
      for (const [i, id] of ids.entries()) {
        namePeer(region, 1 + i, id);
        writer.set(id, 1 + i);
      }
      halves.add(header[HEADER_WORD_DIRECT] as number);
      for (const [i, id] of ids.slice(1).entries()) writer.remove(id, 2 + i);
      halves.add(header[HEADER_WORD_DIRECT] as number);
      writer.remove(ids[0] as number, 1);
    }
  };
  churn(20);
  assert.ok(halves.has(1) && halves.has(2), 'both halves have been in use');
  // A worker that never passes an epoch may search the half that was left last for ever: there are no further rebuilds.
  worker.online();
  churn(3);
  halves.clear();
  churn(20);
  halves.delete(0);
  assert.is(halves.size, 1);
  worker.quiescent();
  churn(20);
  halves.delete(0);
  assert.is(halves.size, 2);
});

const NEIGHBOURS = 8;
const FLAG = 100;

/** Threads over one table; the writer's `setUp` runs at once, its `churn` in steps. */
function exploreTable(
  setUp: (writer: DirectTableWriter, region: Region) => void,
  churn: (writer: DirectTableWriter, epochs: Epochs, region: Region) => void,
  look: (table: DirectTable, peerOf: (link: number) => number) => unknown,
): Set<unknown> {
  const region = createRegion({ workers: 1, links: NEIGHBOURS + 1 });
  const { buffer, layout } = region;
  const writer: ThreadBody = (operations) => {
    let isStepping = false;
    const stepping: Pick<typeof Atomics, 'store'> = {
      store: ((words: Int32Array, word: number, value: number) =>
        (isStepping ? operations : Atomics).store(words, word, value)) as typeof Atomics.store,
    };
    const epochs = new Epochs(region, operations);
    const table = new DirectTableWriter(region, epochs, stepping);
    setUp(table, region);
    isStepping = true;
    operations.store(new Int32Array(buffer), FLAG, 1);
    churn(table, epochs, region);
  };
  const reader: ThreadBody = (operations) => {
    const worker = new WorkerEpoch(region, 0, operations);
    worker.online();
    const seen: unknown[] = [];
    if (operations.load(new Int32Array(buffer), FLAG) === 1) {
      const table = new DirectTable(region, (words) => stepped(words, operations.load));
      const peerOf = (link: number) =>
        operations.load(new Int32Array(buffer), (layout.linkEntries + link * LINK_ENTRY_BYTES + LINK_PEER_ID) / 4);
      seen.push(table.open() ? look(table, peerOf) : 'closed');
    }
    worker.offline();
    return seen[0];
  };
  assert.is(new Epochs(region).advance(), 2); // opens the epochs
  const outcomes = new Set<unknown>();
  const areas = [
    [0, HEADER_BYTES],
    [layout.workerStates, layout.workerStates + WORKER_STATE_BYTES],
    [layout.linkEntries, layout.linkEntries + (NEIGHBOURS + 1) * LINK_ENTRY_BYTES],
    [layout.directTable, layout.totalBytes],
  ] as const;
  explore({
    buffer,
    areas,
    plain: [[areas[3]], [areas[2]]],
    threads: [writer, reader],
    check: ([, seen]) => outcomes.add(seen),
  });
  return outcomes;
}

/** Each plain read of the memory is a step. */
function stepped(words: Int32Array, load: typeof Atomics.load): Int32Array {
  return new Proxy(words, { get: (target, index) => load(target, Number(index)) });
}

test('a neighbour that is there all the while is found while others come, go, and the table is rebuilt', () => {
  const [a, b, c, d, e, f] = colliding(NEIGHBOURS, 6) as [number, number, number, number, number, number];
  const outcomes = exploreTable(
    (writer, region) => {
      for (const [i, id] of [a, b, c, d, e, f].entries()) {
        namePeer(region, 1 + i, id);
        writer.set(id, 1 + i);
      }
      // One less than a quarter of the words are marks.
      writer.remove(a, 1);
      writer.remove(b, 2);
      writer.remove(c, 3);
      writer.remove(d, 4);
    },
    (writer) => {
      writer.set(a, 1);
      writer.remove(a, 1);
      writer.remove(e, 5); // five marks of sixteen words: rebuilt
    },
    (table) => table.find(f, 0),
  );
  assert.equal(outcomes, new Set([undefined, 6]), 'it came too early, or it found the neighbour');
});

test('a hit leads to the neighbour or, for a moment, nowhere: never to whoever has its link now', () => {
  const [a, b] = colliding(NEIGHBOURS, 2) as [number, number];
  const outcomes = exploreTable(
    (writer, region) => {
      namePeer(region, 1, a);
      writer.set(a, 1);
    },
    (writer, epochs, region) => {
      writer.remove(a, 1);
      const epoch = epochs.advance();
      if (!epochs.passed(epoch)) return;
      namePeer(region, 1, b);
      writer.set(b, 1);
    },
    (table, peerOf) => {
      const link = table.find(a, 0);
      if (link !== 0) assert.is(peerOf(link), a);
      return link;
    },
  );
  for (const outcome of [undefined, 'closed', 0, 1]) assert.ok(outcomes.has(outcome), String(outcome));
});

test('a neighbour is found in the classes that its link is the way in, and in those only', () => {
  const region = createRegion({ workers: 1, links: 8 });
  const writer = new DirectTableWriter(region, new Epochs(region));
  const table = new DirectTable(region);
  const links = () => {
    const isAny = table.open();
    return isAny ? [0, 1, 2, 3].map((trafficClass) => table.find(0x0102_0304, trafficClass)) : [];
  };
  namePeer(region, 3, 0x0102_0304);
  writer.set(0x0102_0304, 3, 0b0101);
  assert.equal(links(), [3, 0, 3, 0]);
  writer.set(0x0102_0304, 3, 0b1000);
  assert.equal(links(), [0, 0, 0, 3]);
  assert.is(writer.size, 1);
  writer.remove(0x0102_0304, 3);
  assert.equal(links(), []);
});

test.run();
