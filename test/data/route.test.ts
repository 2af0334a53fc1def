import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sharedBytes } from '../../ts/kit/node-id.js';
import { PuntReason, RunKind, Verdict } from '../../ts/memory/batch.js';
import { COUNTERS } from '../../ts/memory/counter-names.js';
import { DirectTableWriter } from '../../ts/memory/direct-table.js';
import { Epochs } from '../../ts/memory/epochs.js';
import { markAsLeaf } from '../../ts/memory/region.js';
import { PUNT_REASON } from '../../ts/memory/worker-records.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from './stage-rig.js';

const DROPS = COUNTERS.filter((counter) => counter.kind === 'drop').map((counter) => counter.name);

const SELF = 0x01010102;
const THERE = 0x01010103;
const FROM = 1;
const PRIMARY = 2;
const BACKUP = 3;

/** A node that came by FROM and knows THERE by PRIMARY and BACKUP. */
function relay(): StageRig {
  const rig = new StageRig(SELF);
  for (const link of [FROM, PRIMARY, BACKUP]) rig.link(link, 0x01010110 + link);
  rig.route(THERE, PRIMARY, BACKUP);
  return rig;
}

const packet = (more: Partial<Headers> = {}) =>
  makeFrame({ source: 0x01010101, destination: THERE, ttl: 9, ...more }, new Uint8Array(20));

/** What becomes of one packet that arrives by FROM: the links it leaves by, punts and the drop counters that moved. */
function fate(rig: StageRig, frame: Uint8Array) {
  rig.arrive(frame, FROM);
  const links = rig.step().map((sent) => sent.by);
  const punts = rig.punts().map((record) => new DataView(record.buffer).getInt32(PUNT_REASON, true));
  const { received, ...counters } = rig.counters();
  const moved = Object.entries(counters).flatMap(([name, n]) => (n > 0 ? [name] : []));
  return { links, punts, moved: received === 1 ? moved : ['received is wrong'] };
}

test('a packet for another node leaves by the primary next hop', () => {
  assert.equal(fate(relay(), packet()), { links: [PRIMARY], punts: [], moved: [] });
});

test('the backup is taken while the primary is down, by the next batch', () => {
  const rig = relay();
  rig.links.setUp(PRIMARY, false);
  assert.equal(fate(rig, packet()), { links: [BACKUP], punts: [], moved: ['backupUsed'] });
});

test('with both down, or no route, control hears of it', () => {
  const rig = relay();
  rig.links.setUp(PRIMARY, false);
  rig.links.setUp(BACKUP, false);
  assert.equal(fate(rig, packet()), { links: [], punts: [PuntReason.NoRoute], moved: ['noRoute'] });
  const elsewhere = packet({ destination: 0x01010177 });
  assert.equal(fate(relay(), elsewhere), { links: [], punts: [PuntReason.NoRoute], moved: ['noRoute'] });
});

test('TTL is enforced on every path', () => {
  const punted = { links: [], punts: [PuntReason.TtlExceeded], moved: ['ttlExceeded'] };
  const dropped = { links: [], punts: [], moved: ['ttlExceeded'] };
  assert.equal(fate(relay(), packet({ ttl: 1 })), punted);
  assert.equal(fate(relay(), packet({ ttl: 0 })), dropped);
  assert.equal(fate(relay(), packet({ ttl: 1, label: 7 })), punted, 'labelled');
  assert.equal(
    fate(relay(), packet({ ttl: 1, protocol: Protocol.Channel })),
    dropped,
    'nobody is told about a channel',
  );
  assert.equal(fate(relay(), packet({ ttl: 0, destination: SELF })), dropped, 'for this node');
});

const drop = (name: string) => ({ links: [], punts: [], moved: [name] });

test('what this node cannot serve has its own counter', () => {
  assert.equal(fate(relay(), packet({ label: 5 })), { links: [PRIMARY], punts: [], moved: ['unpinned'] });
  assert.equal(fate(relay(), packet({ protocol: Protocol.Channel })), drop('badProtocol'));
  assert.equal(fate(relay(), packet({ protocol: Protocol.Channel, destination: SELF })), drop('badProtocol'), 'a hash');
  assert.equal(fate(relay(), packet({ protocol: Protocol.Link })), drop('badProtocol'));
  assert.equal(fate(relay(), packet({ destination: SELF, protocol: 99 })), drop('badProtocol'));
});

test('a packet never goes back where it came from', () => {
  const rig = relay();
  rig.route(THERE, FROM);
  assert.equal(fate(rig, packet()), { links: [], punts: [], moved: ['notForwarded'] });
});

test('each of the four classes has a next hop of its own, or none', () => {
  const rig = relay();
  rig.route(THERE, BACKUP, 0, 3);
  rig.arrive(packet({ trafficClass: 0 }), FROM);
  rig.arrive(packet({ trafficClass: 3 }), FROM);
  const sent = new Map(rig.step().map(({ by, frame }) => [(readHeaders(frame) as Headers).trafficClass, by]));
  assert.equal(
    [...sent],
    [
      [0, PRIMARY],
      [3, BACKUP],
    ],
  );
  assert.equal(fate(relay(), packet({ trafficClass: 1 })), {
    links: [],
    punts: [PuntReason.NoRoute],
    moved: ['noRoute'],
  });
});

test('a class that nobody knows follows class 0, and keeps its number', () => {
  const rig = relay();
  rig.arrive(packet({ trafficClass: 4 }), FROM);
  const [sent] = rig.step();
  assert.is(sent?.by, PRIMARY);
  assert.is((readHeaders(sent?.frame ?? new Uint8Array()) as Headers).trafficClass, 4);
});

test('any frame, any table: nothing with TTL 1 or 0 goes on, nothing goes back, all is accounted for', () => {
  const id = fc.constantFrom(SELF, THERE, 0x01010177, 0x01020304, 0xfe020304, 0x80000000);
  const headers = fc.record({
    ttl: fc.constantFrom(0, 1, 2, 255),
    label: fc.constantFrom(0, 0, 1, 0xffffffff),
    destination: id,
    source: id,
    protocol: fc.integer({ min: 0, max: 9 }),
    trafficClass: fc.integer({ min: 0, max: 255 }),
    destinationPort: fc.integer({ min: 0, max: 65_535 }),
  });
  const link = fc.constantFrom(0, FROM, PRIMARY, BACKUP);
  const tables = fc.record({ primary: link, backup: link, down: fc.subarray([FROM, PRIMARY, BACKUP]) });
  fc.assert(
    fc.property(fc.array(headers, { minLength: 1, maxLength: 5 }), tables, (frames, { primary, backup, down }) => {
      const rig = relay();
      for (const destination of [THERE, 0x01010177, 0x01020304, 0xfe020304, 0x80000000])
        rig.route(destination, primary, primary === 0 || backup === primary ? 0 : backup);
      for (const index of down) rig.links.setUp(index, false);
      for (const h of frames) rig.arrive(packet(h), FROM);
      for (const { by, frame, verdict } of rig.step()) {
        assert.is(verdict, Verdict.Forward);
        const sent = readHeaders(frame) as Headers;
        assert.not.ok(down.includes(by), 'no link that is down');
        if (sent.protocol === Protocol.EchoReply && sent.source === SELF) continue; // started here
        assert.not.equal(by, FROM);
        assert.ok(sent.ttl > 1, 'the send stage takes one from it');
        assert.is(sent.label, 0);
      }
      const n = rig.counters();
      const drops = DROPS.reduce((sum, name) => sum + n[name], 0);
      const out = rig.sent.length + n.delivered + n.echoed + n.punted + drops;
      assert.is(n.received + n.originated, out, 'all is accounted for');
    }),
    { numRuns: 500 },
  );
});

/** A relay with a leaf at link LEAF_LINK, which has the id of a zone that it also has a route to. */
const LEAF_LINK = 50;
function relayOf(leaf: number): { rig: StageRig; leaves: DirectTableWriter } {
  const rig = relay();
  const leaves = new DirectTableWriter(rig.region, new Epochs(rig.region));
  rig.link(LEAF_LINK, leaf);
  leaves.set(leaf, LEAF_LINK);
  return { rig, leaves };
}

test('a packet for a leaf of this node leaves by its link, whatever the slot says', () => {
  for (const leaf of [THERE, 0x01010199, 0xf7010101]) {
    const { rig, leaves } = relayOf(leaf);
    const to = packet({ destination: leaf });
    assert.equal(fate(rig, to), { links: [LEAF_LINK], punts: [], moved: ['direct'] });
    leaves.remove(leaf, LEAF_LINK);
    rig.arrive(to, FROM);
    assert.equal(
      rig.step().map(({ by }) => by),
      leaf === THERE ? [PRIMARY] : [],
    );
  }
});

test('a packet for a neighbour goes straight to it in the classes that say so; while that link is down, by the slot', () => {
  const rig = relay();
  const table = new DirectTableWriter(rig.region, new Epochs(rig.region));
  rig.link(LEAF_LINK, THERE);
  for (let trafficClass = 0; trafficClass < 4; trafficClass++) rig.route(THERE, PRIMARY, BACKUP, trafficClass);
  table.set(THERE, LEAF_LINK, 0b0110);
  const links = () =>
    [0, 1, 2, 3].map((trafficClass) => {
      rig.arrive(packet({ trafficClass }), FROM);
      return rig.step()[0]?.by;
    });
  assert.equal(links(), [PRIMARY, LEAF_LINK, LEAF_LINK, PRIMARY]);
  assert.is(rig.counters().direct, 2);
  rig.arrive(packet({ destination: THERE + 1, trafficClass: 1 }), FROM);
  assert.equal(rig.step(), [], 'another node of the slot');
  rig.links.setUp(LEAF_LINK, false);
  assert.equal(links(), [PRIMARY, PRIMARY, PRIMARY, PRIMARY]);
  rig.links.setUp(LEAF_LINK, true);
  table.remove(THERE, LEAF_LINK);
  assert.equal(links(), [PRIMARY, PRIMARY, PRIMARY, PRIMARY]);
});

test('other packets do not care about leaves, and a leaf whose link is down is reached by the slot or not at all', () => {
  const { rig } = relayOf(0x01010199);
  assert.equal(fate(rig, packet()), { links: [PRIMARY], punts: [], moved: [] });
  const down = relayOf(THERE).rig;
  down.links.setUp(LEAF_LINK, false);
  assert.equal(fate(down, packet()), { links: [PRIMARY], punts: [], moved: [] });
  const lost = relayOf(0x01010199).rig;
  lost.links.setUp(LEAF_LINK, false);
  const to = packet({ destination: 0x01010199 });
  assert.equal(fate(lost, to), { links: [], punts: [PuntReason.NoRoute], moved: ['noRoute'] });
});

test('a leaf carries nothing for others, says so, and sends its own', () => {
  const rig = relay();
  markAsLeaf(rig.region);
  rig.replaceWorker();
  assert.equal(fate(rig, packet()), { links: [], punts: [PuntReason.Prohibited], moved: ['prohibited'] });
  rig.arrive(packet({ protocol: Protocol.Channel }), FROM);
  assert.equal([rig.step(), rig.punts()], [[], []]);
  assert.is(rig.counters().prohibited, 2);
  rig.arrive(packet({ source: SELF }), 0, RunKind.Origin);
  assert.equal(
    rig.step().map(({ by }) => by),
    [PRIMARY],
  );
});

test('the slot is that of the first byte that differs', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff }), (self, destination) => {
      fc.pre(sharedBytes(self, destination) < 4);
      const rig = new StageRig(self);
      rig.link(FROM, 1);
      rig.link(PRIMARY, 2);
      rig.route(destination, PRIMARY);
      rig.arrive(packet({ destination }), FROM, RunKind.Data);
      assert.is(rig.step()[0]?.by, PRIMARY);
    }),
    { numRuns: 200 },
  );
});

test.run();
