/** What a scrape of the metrics costs and says. */
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createNode } from '../../ts/index.js';
import { createMetrics } from '../../ts/node/metrics.js';

test('a scrape reads the node once, and each one reads it again', async () => {
  await using node = await createNode({ id: '1.1.1.1', listen: ['udp://127.0.0.1:0'] });
  const read = { status: 0, links: 0 };
  const metrics = createMetrics({
    status() {
      read.status++;
      return { ...node.status(), uptimeSeconds: 1000 + read.status };
    },
    links() {
      read.links++;
      return node.links();
    },
    pins: () => node.pins(),
  });
  const before = { ...read };
  for (const scrape of [1, 2]) {
    const text = await metrics.scrape();
    assert.equal(read, { status: before.status + scrape, links: before.links + scrape });
    assert.match(text, /^portolan_pins\{owner="optimiser",node="1.1.1.1"\} 0$/m);
    assert.match(text, new RegExp(`^portolan_uptime_seconds\\{node="1.1.1.1"\\} ${1000 + read.status}$`, 'm'));
  }
});

test('links and pins are told by gauges: what is not known is absent, leaves and single pins are no series', async () => {
  await using node = await createNode({ id: '1.1.1.1', listen: ['udp://127.0.0.1:0'] });
  await using peer = await createNode({
    id: '1.1.1.2',
    listen: ['udp://127.0.0.1:0'],
    peers: [`1.1.1.1@${node.addresses[0]}?bandwidth=50Mbit&cost=7`],
  });
  if (!peer.links().some(({ state }) => state === 'up')) await once(peer, 'linkUp');
  const [link] = peer.links();
  assert.ok(link);
  const text = await createMetrics({
    status: () => peer.status(),
    links: () => [
      link,
      { ...link, peer: '1.1.1.3', bandwidthMbit: null, bandwidthSource: null },
      { ...link, peer: '1.1.1.4', role: 'leaf' },
    ],
    pins: () => [
      { owner: 'user', state: 'pinned' },
      { owner: 'optimiser', state: 'pinned' },
      { owner: 'optimiser', state: 'pinned' },
    ],
  }).scrape();
  const value = (metric: string, labels: string) =>
    new RegExp(`^portolan_${metric}\\{${labels}[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1];
  assert.is(value('link_bandwidth_bits_per_second', 'peer="1.1.1.1"'), '50000000');
  assert.is(value('link_bandwidth_bits_per_second', 'peer="1.1.1.3"'), undefined);
  assert.is(value('link_cost', 'peer="1.1.1.1"'), '7');
  assert.is(value('link_cost', 'peer="1.1.1.4"'), undefined);
  assert.is(value('link_rtt_variance_seconds', 'peer="1.1.1.1"'), String((link.rttVarianceMs ?? 0) / 1000));
  assert.is(value('pins', 'owner="user"'), '1');
  assert.is(value('pins', 'owner="optimiser"'), '2');
  assert.ok(Number(value('next_hop_changes_total', '')) > 0);
  assert.is(value('route_queries_total', ''), '0');
});

test.run();
