/** Micro costs, by benchmark.js: what one call of the packet path's innermost parts takes. */
import Benchmark from 'benchmark';
import { ForwardingTableWriter, forwardingWords, slotFor } from '../ts/memory/forwarding-table.js';
import { createRegion } from '../ts/memory/region.js';
import { makeFrame, readHeaders } from '../ts/wire/frame.js';
import { OFFSET_DESTINATION } from '../ts/wire/network-header.js';
import { checkTag, tagKey, writeTag } from '../ts/wire/tag.js';
import { type BenchOptions, finish, printTable } from './lib/report.js';

export interface MicroResult {
  readonly name: string;
  readonly nanoseconds: number;
  /** Relative margin of error, per cent. */
  readonly marginPercent: number;
}

export async function benchMicro(options: BenchOptions): Promise<number> {
  const results = await run(options.smoke ? 0.05 : 1);
  finish(options, 'micro', results, () =>
    printTable(
      'Micro costs',
      ['', 'ns a call', '±'],
      results.map(({ name, nanoseconds, marginPercent }) => [
        name,
        nanoseconds.toFixed(1),
        `${marginPercent.toFixed(1)} %`,
      ]),
    ),
  );
  return 0;
}

/** A result that somebody could look at, so that no call is optimised away. */
let sink = 0;

function addCases(suite: Benchmark.Suite, options: Benchmark.Options): void {
  const frame = makeFrame({ destination: 0x01010103, source: 0x01010101, linkNumber: 0x1001 }, new Uint8Array(1152));
  const slab = new SharedArrayBuffer(65_536);
  new Uint8Array(slab).set(frame);
  const view = new DataView(slab);
  const key = tagKey(Uint8Array.from({ length: 16 }, (_, i) => i));
  const region = createRegion({ workers: 1, links: 64 });
  const words = forwardingWords(region);
  const writer = new ForwardingTableWriter(region);
  let byte = 0;
  const add = (name: string, call: () => void) => suite.add(name, call, options);

  add('header: read one field in place', () => {
    sink += view.getUint32(OFFSET_DESTINATION);
  });
  add('header: read all as a value', () => {
    const headers = readHeaders(frame);
    if (typeof headers === 'object') sink += headers.ttl;
  });
  add('tag: write (portable)', () => writeTag(view, 0, frame.length, key, 0));
  add('tag: check (portable)', () => {
    sink += checkTag(view, 0, frame.length, key, 0) ? 1 : 0;
  });
  add('look-up: next hop of a destination', () => {
    sink += words[slotFor(0x01010102, view.getUint32(OFFSET_DESTINATION), 0)] as number;
  });
  add('route update: store a next hop', () => {
    byte = (byte + 1) & 255;
    writer.store(0, 4, byte, 1, 2);
  });
}

function run(maxTime: number): Promise<MicroResult[]> {
  return new Promise((resolve, reject) => {
    const results: MicroResult[] = [];
    const suite = new Benchmark.Suite();
    addCases(suite, { maxTime });
    suite
      .on('cycle', (event: Benchmark.Event) => {
        const bench: Benchmark.Target & { error?: unknown } = event.target;
        // benchmark.js goes on after a case that throws: we do not.
        if (bench.error) reject(new Error(`${bench.name} failed`, { cause: bench.error }));
        results.push({
          name: bench.name ?? '',
          nanoseconds: 1e9 / (bench.hz ?? Number.NaN),
          marginPercent: bench.stats?.rme ?? 0,
        });
      })
      .on('complete', () => {
        if (sink === -1) reject(new Error('the benches computed nothing'));
        else resolve(results);
      })
      .run({ async: true });
  });
}
