/** The pin table: labels lead to what was entered for them, and to nothing once that was taken out. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InvariantError } from '../../ts/kit/assert.js';
import { Epochs } from '../../ts/memory/epochs.js';
import { type Pin, PinTable, PinTableWriter } from '../../ts/memory/pin-table.js';
import { attachRegion, createRegion } from '../../ts/memory/region.js';

const PINS = 6;
const isRefused = (error: Error) => error instanceof InvariantError;

test('as a plain map, under any sequence of changes', () => {
  const pin: fc.Arbitrary<Pin> = fc.record({
    inLink: fc.nat(2),
    outLink: fc.integer({ min: 1, max: 4000 }),
    outLabel: fc.integer(),
    destination: fc.integer({ min: 1, max: 0xffff_ffff }),
    trafficClass: fc.nat(3),
  });
  const change = fc.oneof(pin, fc.nat(PINS));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const region = createRegion({ workers: 1, links: 4, pins: PINS });
      const writer = new PinTableWriter(region, new Epochs(region));
      const reader = new PinTable(attachRegion(region.buffer));
      const model = new Map<number, Pin>();
      const gone = new Set<number>();
      const free = Array.from({ length: PINS }, (_, at) => at + 1);
      let generation = 0xffff0;
      for (const one of changes) {
        if (typeof one === 'number') {
          const label = [...model.keys()][one];
          if (label === undefined) continue;
          writer.remove(label);
          model.delete(label);
          gone.add(label);
          free.push(label & 0xfff);
        } else {
          const index = free.shift();
          if (index === undefined) continue;
          const label = (((generation++ & 0xfffff) << 12) | index) >>> 0;
          writer.install(label, one);
          model.set(label, one);
        }
        reader.open();
        for (const label of gone) for (const link of [1, 2]) assert.is(reader.find(label | 0, link), -1);
        for (const [label, { inLink, outLink, outLabel }] of model) {
          if (inLink === 0) continue;
          const at = reader.find(label | 0, inLink);
          assert.equal([reader.outLink(at), reader.outLabel(at)], [outLink, outLabel]);
          assert.is(reader.find(label | 0, 3), -1, 'not on another link');
        }
        for (const { destination } of model.values()) {
          const own = [...model.values()].findLast((entry) => entry.inLink === 0 && entry.destination === destination);
          for (const trafficClass of [0, 1, 2, 3]) {
            const at = reader.own(destination | 0, trafficClass);
            if (own?.trafficClass === trafficClass) assert.is(reader.outLink(at), own.outLink);
            else assert.is(at, -1);
          }
        }
      }
    }),
  );
});

test('an entry is written only while it is free', () => {
  const region = createRegion({ workers: 1, links: 4, pins: 1 });
  const writer = new PinTableWriter(region, new Epochs(region));
  const pin = { inLink: 1, outLink: 2, outLabel: 3, destination: 4, trafficClass: 0 };
  writer.install(0x1001, pin);
  assert.throws(() => writer.install(0x2001, pin), isRefused);
  assert.throws(() => writer.install(0x1002, pin), isRefused, 'no such entry');
  assert.throws(() => writer.remove(0x2001), isRefused, 'another generation');
  writer.remove(0x1001);
  assert.throws(() => writer.remove(0x1001), isRefused);
  writer.install(0x2001, pin);
});

test.run();
