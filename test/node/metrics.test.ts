/** What a scrape of the metrics costs and says. */
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

test.run();
