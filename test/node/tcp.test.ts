/** Links over tcp://, alone and mixed with udp://: real nodes over real connections on the loopback. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import type { Node } from '../../ts/index.js';
import { conserved } from './conservation.js';
import { answered, eventually, insist, next, onEachPath, peerOf, routed, run, TestNodes } from './nodes.js';

const TCP = { listen: ['tcp://127.0.0.1:0'] };

const hopsOf = async (from: Node, to: Node) => (await from.trace(to.id)).hops.map(({ id }) => id);

/** Sends numbered datagrams until `count` of them have come back from a socket that returns them. */
async function exchange(from: Node, to: Node, count: number): Promise<Set<number>> {
  const server = await to.bind(6000);
  server.on('message', (payload, sender) => server.send(payload, sender.id, sender.port));
  const client = await from.bind();
  const seen = new Set<number>();
  const all = new Promise<void>((resolve) =>
    client.on('message', (payload) => {
      seen.add(new DataView(payload.buffer, payload.byteOffset).getUint32(0));
      if (seen.size === count) resolve();
    }),
  );
  const payload = new Uint8Array(1000);
  const view = new DataView(payload.buffer);
  await insist(() => {
    for (let i = 0; i < count; i++) {
      view.setUint32(0, i);
      if (!seen.has(i)) client.send(payload, to.id, 6000);
    }
  }, all);
  client.close();
  server.close();
  return seen;
}

onEachPath('tcp', (test, path) => {
  test('three nodes over tcp:// alone: ping, trace, sockets, and UDP of plain programs', async () => {
    const nodes = new TestNodes(path);
    const server = createSocket('udp4');
    const client = createSocket('udp4');
    try {
      server.bind(0, '127.0.0.1');
      await once(server, 'listening');
      server.on('message', (message, from) => server.send(`re: ${message.toString()}`, from.port, from.address));
      const b = await nodes.start('1.1.1.2', [], TCP);
      const c = await nodes.start('1.1.1.3', [b], {
        ...TCP,
        exposes: [`7000=udp://127.0.0.1:${server.address().port}`],
      });
      const a = await nodes.start('1.1.1.1', [b], { ...TCP, forwards: ['udp://127.0.0.1:0=1.1.1.3:7000'] });
      await Promise.all([routed(a, c.id), routed(c, a.id)]);
      assert.match(b.addresses[0] ?? '', /^tcp:\/\/127\.0\.0\.1:\d+$/);
      assert.equal(
        a.links().map(({ address }) => address),
        [b.addresses[0]],
      );
      assert.ok(b.links().every(({ address }) => address.startsWith('tcp://127.0.0.1:')));
      assert.ok(a.status().tcpWorker);
      assert.equal([a.links()[0]?.mtu, a.links()[0]?.mtuState], [8972, 'fixed'], 'a stream carries frames of any size');

      await answered(a, c.id);
      assert.equal(await hopsOf(a, c), [b.id, c.id]);
      assert.is((await exchange(a, c, 200)).size, 200);
      const entry = Number(a.forwardAddresses[0]?.split(':').at(-1));
      const answer = next<[Buffer]>(client, 'message');
      const [text] = await insist(() => client.send('hello', entry, '127.0.0.1'), answer);
      assert.is(text.toString(), 're: hello');
      await conserved([a, b, c]);
    } finally {
      await nodes.close();
      for (const socket of [server, client]) socket.close();
    }
  });

  test('a relay takes packets from a link over UDP into one over TCP, and back', async () => {
    const nodes = new TestNodes(path);
    try {
      const b = await nodes.start('1.1.1.2', [], { listen: ['udp://127.0.0.1:0', 'tcp://127.0.0.1:0'], workers: 2 });
      const [udp, tcp] = b.addresses;
      assert.match(`${udp} ${tcp}`, /^udp:.* tcp:/);
      const a = await nodes.start('1.1.1.1', [], { peers: [`${b.id}@${udp}`] });
      const c = await nodes.start('1.1.1.3', [], { ...TCP, peers: [`${b.id}@${tcp}`] });
      await Promise.all([routed(a, c.id), routed(c, a.id)]);
      await Promise.all([answered(a, c.id), answered(c, a.id)]);
      assert.equal(await hopsOf(a, c), [b.id, c.id]);
      assert.equal(await hopsOf(c, a), [b.id, a.id]);
      assert.not(a.status().tcpWorker, 'who has nothing to do with TCP has no worker for it');
      const before = b.counters().forwarded;
      assert.is((await exchange(a, c, 500)).size, 500);
      assert.is((await exchange(c, a, 500)).size, 500);
      await eventually(
        () => b.counters().forwarded - before >= 2000,
        () => b.counters(),
      );
      assert.is(b.counters().dropped['ttlExceeded'], 1 + 1, 'those of the traces');
      await conserved([a, b, c]);
    } finally {
      await nodes.close();
    }
  });

  test('over IPv6, with a peer added at run time to a node that had no part in TCP', async () => {
    const nodes = new TestNodes(path);
    try {
      const b = await nodes.start('1.1.1.2', [], { listen: ['tcp://[::1]:0'] });
      const a = await nodes.start('1.1.1.1');
      assert.not(a.status().tcpWorker);
      a.addPeer(peerOf(b));
      await routed(a, b.id);
      await answered(b, a.id);
      assert.match(a.links()[0]?.address ?? '', /^tcp:\/\/\[::1\]:/);
      assert.match(b.links()[0]?.address ?? '', /^tcp:\/\/\[/);
    } finally {
      await nodes.close();
    }
  });

  test('garbage and silent strangers at the port disturb nobody', async () => {
    const nodes = new TestNodes(path);
    try {
      const b = await nodes.start('1.1.1.2', [], TCP);
      const a = await nodes.start('1.1.1.1', [b], TCP);
      await routed(a, b.id);
      const port = Number(b.addresses[0]?.split(':').at(-1));
      const silent = connect(port, '127.0.0.1');
      const loud = connect(port, '127.0.0.1');
      loud.end('GET / HTTP/1.1\r\nHost: overlay\r\n\r\n');
      await once(loud, 'close');
      assert.is(b.counters()['tcpGarbled'], 1);
      await answered(a, b.id);
      assert.is(a.links()[0]?.state, 'up');
      silent.destroy();
      await conserved([a, b]);
    } finally {
      await nodes.close();
    }
  });

  test('an address that is taken is named by its place among all addresses', async () => {
    const nodes = new TestNodes(path);
    try {
      const first = await nodes.start('1.1.1.1', [], TCP);
      const listen = ['udp://127.0.0.1:0', first.addresses[0] as string];
      await nodes.start('1.1.1.2', [], { listen }).then(
        () => assert.unreachable(),
        (error) => assert.equal([error.code, error.option], ['ADDRESS_IN_USE', 'listen[1]']),
      );
    } finally {
      await nodes.close();
    }
  });
});

run();
