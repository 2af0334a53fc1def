/** Links over real devices of different MTUs, each node in a network namespace of its own. */
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isInside, namespaceProblem, runInside } from '../native/namespace.js';
import { addon, reason } from '../native/rig.js';
import { connect, Host } from './hosts.js';

const MTUS = [1280, 1500, 9000] as const;
const NODE = { packetPath: 'native', workers: 1, admin: false } as const;

if (!isInside) {
  const problem = addon === undefined ? reason : namespaceProblem();
  if (problem === undefined)
    test('in namespaces of their own', () => assert.match(runInside(fileURLToPath(import.meta.url)), /Total: +3/));
  else test(`MTUs are not tested here: ${problem}`, () => assert.not.equal(problem, ''));
} else {
  test('links find the MTU of their path, in both directions, and fall and rise with it', async () => {
    const [a, b] = [await Host.open(), await Host.open()];
    try {
      for (const [index, mtu] of MTUS.entries()) connect(a, b, `v${index}`, index + 1, mtu);
      const hub = await a.startNode({ ...NODE, id: '1.1.1.1', listen: ['udp://0.0.0.0:7000'] });
      const ends = await Promise.all(
        MTUS.map((_, index) =>
          b.startNode({
            ...NODE,
            id: `1.1.1.${index + 2}`,
            listen: ['udp://0.0.0.0:0'],
            peers: [`1.1.1.1@udp://10.${index + 1}.0.1:7000`],
          }),
        ),
      );
      for (const [index, mtu] of MTUS.entries()) {
        assert.is(await hub.settledMtu(`1.1.1.${index + 2}`), mtu - 28);
        assert.is(await ends[index]?.settledMtu('1.1.1.1'), mtu - 28);
      }
      const { dropped } = await hub.counters();
      assert.ok((dropped['probeTooBig'] ?? 0) > 0, 'the device refused what it cannot carry');
      assert.is(dropped['oversize'], 0);

      // The far end of the cable takes no more than 1400: large frames of the hub vanish on the way.
      b.ip('link set v2 mtu 1400');
      assert.is(await hub.settledMtu('1.1.1.4', (mtu) => mtu < 8972), 1372);
      // And what the far end itself sends is refused by its own device.
      assert.is(await ends[2]?.settledMtu('1.1.1.1', (mtu) => mtu < 8972), 1372);
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  });

  test('large datagrams pass where the way behind the relay is narrower, and when a link becomes so', async () => {
    const [a, b, c] = [await Host.open(), await Host.open(), await Host.open()];
    try {
      connect(a, b, 'v0', 1, 9000);
      connect(b, c, 'v1', 2, 1500);
      const relay = await b.startNode({ ...NODE, id: '1.1.1.2', listen: ['udp://0.0.0.0:7000'] });

      const one = await a.startNode({
        ...NODE,
        id: '1.1.1.1',
        listen: ['udp://0.0.0.0:0'],
        peers: ['1.1.1.2@udp://10.1.0.2:7000'],
      });
      await c.startNode({
        ...NODE,
        id: '1.1.1.3',
        listen: ['udp://0.0.0.0:0'],
        peers: ['1.1.1.2@udp://10.2.0.1:7000'],
      });
      assert.is(await one.settledMtu('1.1.1.2'), 8972);
      assert.is(await relay.settledMtu('1.1.1.3'), 1472);

      assert.ok((await one.exchange('1.1.1.3', 4000)) >= 2, 'the first one is too big for the relay, which says so');
      const { dropped, forwarded } = await relay.counters();
      assert.ok((dropped['tooBig'] ?? 0) >= 1 && forwarded > 0);
      assert.ok(Number((await one.counters())['fragmented']) >= 1);
      const tooBig = dropped['tooBig'];
      assert.is(await one.exchange('1.1.1.3', 65_507), 1, 'now it is known');
      assert.is((await relay.counters()).dropped['tooBig'], tooBig);

      // The own device takes no more than 1400 from here on: EMSGSIZE, and the link begins anew.
      a.ip('link set v0 mtu 1400');
      for (const size of [1300, 9000]) assert.ok((await one.exchange('1.1.1.2', size)) < 20);
      assert.is(await one.settledMtu('1.1.1.2', (mtu) => mtu < 8972), 1372);
      assert.is(await one.exchange('1.1.1.2', 9000), 1);
    } finally {
      await Promise.all([a.close(), b.close(), c.close()]);
    }
  });

  test('over IPv6 a frame has 20 bytes less', async () => {
    const [a, b] = [await Host.open(), await Host.open()];
    try {
      connect(a, b, 'v0', 1, 1500);
      a.ip('address add fd00::1/64 dev v0 nodad');
      b.ip('address add fd00::2/64 dev v0 nodad');
      const one = await a.startNode({ ...NODE, id: '1.1.1.1', listen: ['udp://[fd00::1]:7000'] });
      await b.startNode({ ...NODE, id: '1.1.1.2', listen: ['udp://[::]:0'], peers: ['1.1.1.1@udp://[fd00::1]:7000'] });
      assert.is(await one.settledMtu('1.1.1.2'), 1452);
      assert.is((await one.links())[0]?.packetMtu, 1500);
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  });
}

test.run();
