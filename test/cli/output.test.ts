import { stripVTControlCharacters } from 'node:util';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { linksTable } from '../../ts/cli/commands/links.js';
import { formatLine } from '../../ts/cli/log.js';
import {
  formatBitRate,
  formatCount,
  formatMillis,
  formatPercent,
  formatRate,
  formatUptime,
} from '../../ts/cli/output/numbers.js';
import { sparkline } from '../../ts/cli/output/sparkline.js';
import { table } from '../../ts/cli/output/table.js';
import { quantile } from '../../ts/cli/statistics.js';
import type { LinkReport } from '../../ts/node/admin.types.js';

test('numbers keep three digits and a unit', () => {
  assert.is(formatCount(97), '97');
  assert.is(formatCount(999.7), '1.00 k');
  assert.is(formatCount(3_940_000), '3.94 M');
  assert.is(formatRate(8000), '8 k/s');
  assert.is(formatRate(0), '0 /s');
  assert.is(formatBitRate(34.1e9), '34.1 Gbit/s');
  assert.is(formatMillis(0.084), '84 µs');
  assert.is(formatMillis(1.25), '1.25 ms');
  assert.is(formatMillis(2500), '2.50 s');
  assert.is(formatMillis(null), '-');
  assert.is(formatPercent(0), '0 %');
  assert.is(formatPercent(0.001), '<0.01 %');
  assert.is(formatUptime(0.4), '0s');
  assert.is(formatUptime(41), '41s');
  assert.is(formatUptime(7500), '2h 5m');
  assert.is(formatUptime(273_600), '3d 4h');
});

test('numbers stay short, however large or small', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
      assert.ok(formatCount(value).length <= 8, formatCount(value));
    }),
  );
});

test('columns are aligned by what is seen', () => {
  const lines = table(
    [
      { title: 'NAME', cell: (row: { name: string; n: number }) => row.name },
      { title: 'N', align: 'right', cell: (row) => String(row.n) },
    ],
    [
      { name: '\u001B[1mbold\u001B[22m', n: 1 },
      { name: 'a longer one', n: 100 },
    ],
  );
  assert.equal(lines, ['NAME            N', '\u001B[1mbold\u001B[22m            1', 'a longer one  100']);
});

test('sparklines: newest right, blank where nothing was measured', () => {
  assert.is(sparkline([0, 1], 4), '  ▁█');
  assert.is(sparkline([1, 2, 3, 4], 2), '▆█');
  assert.is(sparkline([null, 1], 2), ' █');
  assert.is(sparkline([], 3), '   ');
  assert.is(sparkline([0, 0], 2), '▁▁');
  assert.is(sparkline([1], 1, 0, 100), '▁');
});

test('sparklines have the width that was asked for', () => {
  const value = fc.oneof(fc.constant(null), fc.double({ min: 0, max: 1e9, noNaN: true }));
  fc.assert(
    fc.property(fc.array(value), fc.integer({ min: 1, max: 80 }), (values, width) => {
      assert.is(sparkline(values, width).length, width);
    }),
  );
});

test('quantiles are values, and rise', () => {
  const values = fc.array(fc.integer(), { minLength: 1 }).map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (sorted, q) => {
      assert.ok(sorted.includes(quantile(sorted, q)));
      assert.ok(quantile(sorted, q) <= quantile(sorted, 1));
      assert.is(quantile(sorted, 0), sorted[0]);
      assert.is(quantile(sorted, 1), sorted.at(-1));
    }),
  );
  assert.is(quantile([1, 2, 3, 4], 0.5), 2);
  assert.is(
    quantile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      0.99,
    ),
    99,
  );
});

test('a log line for people holds the time, the message and the fields', () => {
  const line = formatLine('{"level":30,"time":"2026-01-02T03:04:05.678Z","peer":"1.1.1.2","n":3,"msg":"link up"}');
  assert.is(line, '03:04:05 link up  peer=1.1.1.2 n=3\n');
});

test('columns of little worth are left out where there is no room, those without a worth never', () => {
  const columns = [
    { title: 'PEER', cell: () => '1.1.1.1' },
    { title: 'RTT', worth: 2, cell: () => '1 ms' },
    { title: 'MTU', worth: 1, cell: () => '1472' },
  ];
  assert.equal(table(columns, [1], 80), ['PEER     RTT   MTU', '1.1.1.1  1 ms  1472']);
  assert.equal(table(columns, [1], 18), ['PEER     RTT', '1.1.1.1  1 ms']);
  assert.equal(table(columns, [1], 3), ['PEER', '1.1.1.1']);
});

const link = (changes: Partial<LinkReport>): LinkReport => ({
  peer: '1.1.1.2',
  address: 'udp://192.168.100.100:40000',
  state: 'up',
  role: 'relay',
  why: 'near',
  foreign: false,
  rttMs: 20.4,
  rttVarianceMs: 0.31,
  lossPercent: 1.2,
  lossInPercent: 0,
  lossOutPercent: 1.2,
  cost: 1,
  bandwidthMbit: 9.96,
  bandwidthSource: 'measured',
  problem: null,
  detail: '',
  emulation: null,
  mtu: 1472,
  packetMtu: 1500,
  mtuState: 'complete',
  queue: null,
  rxFrames: 1_234_567,
  rxBytes: 0,
  txFrames: 1234,
  txBytes: 0,
  members: [],
  ...changes,
});

test('links fit a terminal, and say how their bandwidth is known', () => {
  const links = [
    link({}),
    link({ peer: '1.1.1.3', bandwidthMbit: 50, bandwidthSource: 'configured', lossOutPercent: 0 }),
    link({ peer: '1.1.1.4', bandwidthMbit: 375, bandwidthSource: 'atLeast' }),
    link({ peer: '1.1.1.5', bandwidthMbit: null, bandwidthSource: null }),
  ];
  const plain = (width: number) => linksTable(links, width).map(stripVTControlCharacters);
  for (const width of [60, 80, 120]) for (const line of plain(width)) assert.ok(line.length <= width, line);
  assert.equal(plain(80), [
    'PEER     STATE  ROLE   KIND      RTT       ±  LOSS IN/OUT  COST     BANDWIDTH',
    '1.1.1.2  up     relay  near  20.4 ms  310 µs     0/1.20 %     1  ~9.96 Mbit/s',
    '1.1.1.3  up     relay  near  20.4 ms  310 µs          0 %     1     50 Mbit/s',
    '1.1.1.4  up     relay  near  20.4 ms  310 µs     0/1.20 %     1   ≥375 Mbit/s',
    '1.1.1.5  up     relay  near  20.4 ms  310 µs     0/1.20 %     1             ?',
  ]);
  assert.match(plain(120)[0] ?? '', /ROLE +KIND +RTT +± +LOSS IN\/OUT +COST +BANDWIDTH/);
  assert.match(plain(Infinity)[0] ?? '', /ROLE +KIND +RTT +± +LOSS IN\/OUT +COST +BANDWIDTH +MTU +IN +OUT$/);
});

test.run();
