import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { render } from 'ink';
import { createElement } from 'react';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fitColumns, SORTS, sortLinks, WIDTHS } from '../../ts/cli/top/layout.js';
import { HISTORY, type Sample, Sampler, type Snapshot } from '../../ts/cli/top/sampler.js';
import { View } from '../../ts/cli/top/view.js';
import type { LinkReport } from '../../ts/node/admin.types.js';

function link(peer: string, rxFrames: number, changes: Partial<LinkReport> = {}): LinkReport {
  return {
    peer,
    address: 'udp://127.0.0.1:40000',
    state: 'up',
    role: 'relay',
    why: 'configured',
    foreign: false,
    rttMs: 0.25,
    rttVarianceMs: 0.02,
    cost: 1,
    bandwidthMbit: null,
    bandwidthSource: null,
    lossPercent: 0,
    lossInPercent: 0,
    lossOutPercent: 0,
    problem: null,
    detail: '',
    emulation: null,
    mtu: 1472,
    packetMtu: 1500,
    mtuState: 'complete',
    queue: null,
    rxFrames,
    rxBytes: rxFrames * 1000,
    txFrames: 0,
    txBytes: 0,
    members: [],
    ...changes,
  };
}

function snapshot(atMs: number, received: number, links: readonly LinkReport[], pid = 1): Snapshot {
  return {
    atMs,
    links,
    status: {
      id: '1.1.1.2',
      role: 'relay',
      version: '0.0.0',
      pid,
      uptimeSeconds: atMs / 1000,
      listen: [],
      packetPath: { kind: 'native', gso: 'on', gro: 'lost', reason: 'because' },
      workers: 2,
      tcpWorker: false,
      workerRestarts: 0,
      links: links.length,
      neighbours: { chosen: 0, most: 0 },
      leaves: 0,
      maxLeaves: 1024,
      routes: 5,
      emulation: [],
      counters: {
        received,
        receivedBytes: received * 1000,
        sent: received,
        sentBytes: received * 1000,
        forwarded: received,
        delivered: 0,
        dropped: { badTag: received / 10, noRoute: 0 },
      },
    },
  };
}

test('rates are differences over time', () => {
  const sampler = new Sampler();
  const first = sampler.next(snapshot(0, 500, [link('1.1.1.1', 100)]));
  assert.is(first.in.packetsPerSecond, 0);
  const sample = sampler.next(snapshot(2000, 2500, [link('1.1.1.1', 1100)]));
  assert.is(sample.in.packetsPerSecond, 1000);
  assert.is(sample.in.bitsPerSecond, 8e6);
  assert.is(sample.droppedPerSecond['badTag'], 100);
  assert.is(sample.links[0]?.in.packetsPerSecond, 500);
});

test('a restarted node, a new link and a link that counts anew have no rate yet', () => {
  const sampler = new Sampler();
  sampler.next(snapshot(0, 5000, [link('1.1.1.1', 1000)]));
  const fresh = sampler.next(snapshot(1000, 6000, [link('1.1.1.1', 10), link('1.1.1.3', 77)]));
  assert.equal(
    fresh.links.map((rates) => rates.in.packetsPerSecond),
    [0, 0],
  );
  const restarted = sampler.next(snapshot(2000, 10, [link('1.1.1.1', 5)], 2));
  assert.is(restarted.in.packetsPerSecond, 0);
});

test('histories hold what was measured, and not more than they should', () => {
  const sampler = new Sampler();
  for (let n = 0; n <= HISTORY + 10; n++)
    sampler.next(snapshot(n * 1000, n, [link('1.1.1.1', n, n % 2 ? { state: 'down' } : {})]));
  const sample = sampler.next(snapshot(1e6, 1e6, [link('1.1.1.1', 1e6)]));
  assert.is(sample.inHistory.length, HISTORY);
  assert.is(sample.links[0]?.rttHistory.length, HISTORY);
  assert.equal(sample.links[0]?.rttHistory.slice(-3), [null, 0.25, 0.25]);
});

test('links are sorted by number, or by what is large', () => {
  const sampler = new Sampler();
  const { links } = sampler.next(
    snapshot(0, 0, [
      link('1.1.1.10', 0, { rttMs: 1 }),
      link('1.1.1.9', 0, { rttMs: 5 }),
      link('1.1.1.2', 0, { lossPercent: 3 }),
    ]),
  );
  const peers = (sort: (typeof SORTS)[number]) => sortLinks(links, sort).map((rates) => rates.link.peer);
  assert.equal(peers('peer'), ['1.1.1.2', '1.1.1.9', '1.1.1.10']);
  assert.is(peers('rtt')[0], '1.1.1.9');
  assert.is(peers('loss')[0], '1.1.1.2');
});

test('columns never take more room than there is', () => {
  const { links } = new Sampler().next(snapshot(0, 0, [link('100.100.100.100', 0), link('1.1.1.1', 0)]));
  for (let width = 64; width < 300; width++) {
    const { peer, address, bits, rttSpark, lossSpark } = fitColumns(width, links);
    const used =
      peer + address + WIDTHS.state + 2 * (WIDTHS.rate + bits) + WIDTHS.rtt + rttSpark + WIDTHS.loss + lossSpark;
    assert.ok(used <= width, `${used} of ${width}`);
  }
});

async function screen(sample: Sample, width: number): Promise<string[]> {
  const stdout = Object.assign(new PassThrough(), { columns: width, rows: 30 }) as unknown;
  const output: string[] = [];
  (stdout as PassThrough).on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const element = createElement(View, {
    sample,
    width,
    height: 30,
    sort: 'peer',
    scroll: 0,
    paused: false,
    trouble: undefined,
  });
  const app = render(element, { stdout: stdout as NodeJS.WriteStream, debug: true, patchConsole: false });
  app.unmount();
  await app.waitUntilExit();
  return stripVTControlCharacters(output[0] ?? '').split('\n');
}

function exampleLinks(n: number): LinkReport[] {
  return [
    link('1.1.1.1', n),
    link('1.1.1.3', n * 2),
    link('1.1.2.1', 0, { state: 'dialing', problem: 'otherNetworkKey', detail: 'the peer refused our key' }),
  ];
}

for (const width of [60, 80, 100, 160])
  test(`the screen fits ${width} columns and tells what it should`, async () => {
    const sampler = new Sampler();
    sampler.next(snapshot(0, 0, exampleLinks(0)));
    const lines = await screen(sampler.next(snapshot(1000, 12_345, exampleLinks(2000))), width);
    for (const line of lines) assert.ok(line.length <= width, `${line.length} of ${width}: ${line}`);
    const text = lines.join('\n');
    for (const part of [
      '1.1.1.2',
      'native',
      '2 workers',
      '12.3 k/s',
      'badTag',
      '1.1.1.3',
      '4 k/s',
      '250 µs',
      'otherNetworkKey',
    ])
      assert.ok(text.includes(part), `${part} should be in:\n${text}`);
    assert.is(text.includes('127.0.0.1:40000'), width >= 100);
  });

test.run();
