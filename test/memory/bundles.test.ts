/** The buckets of bundles: even, the same for a flow, and moved no more than need be. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BundleReader, BundleWriter, flowHash } from '../../ts/memory/bundles.js';
import { LinkTableWriter } from '../../ts/memory/link-table.js';
import { BUNDLE_BUCKETS, createRegion } from '../../ts/memory/region.js';

const MAIN = 3;

function world() {
  const region = createRegion({ workers: 1, links: 64 });
  const table = new LinkTableWriter(region);
  const writer = new BundleWriter(region);
  const reader = new BundleReader(region);
  const buckets = () => Array.from({ length: BUNDLE_BUCKETS }, (_, bucket) => reader.memberOf(MAIN, bucket << 26));
  return { table, writer, reader, buckets };
}

test('buckets are shared evenly; a member that is missing leaves its own to the others, and gets them back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 8 }), fc.nat(), (of, which) => {
      const { table, writer, reader, buckets } = world();
      const links = Array.from({ length: of }, (_, member) => (member === 0 ? MAIN : 10 + member));
      for (const link of links) table.setUp(link, true);
      assert.not(reader.any());
      writer.set(MAIN, links);
      assert.ok(reader.any());
      const whole = buckets();
      for (const link of links) {
        const share = whole.filter((one) => one === link).length;
        assert.ok(Math.abs(share - BUNDLE_BUCKETS / of) < 1, `${share} of ${BUNDLE_BUCKETS} buckets, ${of} members`);
      }
      const gone = 1 + (which % (of - 1));
      writer.set(
        MAIN,
        links.map((link, member) => (member === gone ? 0 : link)),
      );
      for (const [bucket, link] of buckets().entries()) {
        assert.is.not(link, links[gone]);
        if (whole[bucket] !== links[gone]) assert.is(link, whole[bucket], 'other flows stay where they are');
      }
      writer.set(MAIN, links);
      assert.equal(buckets(), whole);
      writer.set(MAIN, []);
      assert.not(reader.any());
      assert.ok(buckets().every((link) => link === MAIN));
    }),
  );
});

test('whoever is down is passed over at once, before control knows; with all down the main link is taken', () => {
  const { table, writer, buckets } = world();
  for (const link of [MAIN, 11]) table.setUp(link, true);
  writer.set(MAIN, [MAIN, 11]);
  table.setUp(11, false);
  assert.ok(buckets().every((link) => link === MAIN));
  table.setUp(MAIN, false);
  assert.ok(buckets().every((link) => link === MAIN));
});

test('flows that differ in one port spread over all buckets', () => {
  for (const ports of [(i: number) => ((40_000 + i) << 16) | 6000, (i: number) => (40_000 << 16) | (6000 + i)]) {
    const used = new Set(Array.from({ length: 1024 }, (_, i) => flowHash(0x01010103, ports(i), 0) >>> 26));
    assert.is(used.size, BUNDLE_BUCKETS);
  }
});

test.run();
