/** Three nodes in a line over real sockets: what A and C, who know only B, can do with each other. */
import * as assert from 'uvu/assert';
import { DatagramSocket, type Message, type PortolanError } from '../../ts/index.js';
import { type LineOfThree, line, next, onEachPath, run, when } from './nodes.js';

onEachPath<{ net: LineOfThree }>('relay', (test, path) => {
  test.before(async (context) => {
    context.net = await line(path);
  });
  test.after(({ net }) => net.close());

  test('ping crosses the relay, which forwards', async ({ net: { a, b } }) => {
    const before = b.status().counters.forwarded;
    const result = await a.ping('1.1.1.3', { count: 10, interval: 5, size: 1000 });
    assert.is(result.received, 10);
    assert.ok(result.rttMs && result.rttMs.min > 0 && result.rttMs.max < 10_000);
    // The relay counts what it has sent, perhaps a moment after the last reply is here; what came before one more is counted.
    await a.ping('1.1.1.3', { count: 1 });
    assert.ok(b.status().counters.forwarded >= before + 20, 'requests and replies');
  });

  test('trace names the relay, then the destination', async ({ net: { a } }) => {
    const { hops } = await a.trace('1.1.1.3');
    assert.equal(
      hops.map(({ id }) => id),
      ['1.1.1.2', '1.1.1.3'],
    );
    for (const { rttMs } of hops) assert.ok(rttMs !== null && rttMs > 0);
  });

  test('a node pings and traces itself', async ({ net: { a } }) => {
    assert.is((await a.ping('1.1.1.1', { count: 1 })).received, 1);
    assert.equal(
      (await a.trace('1.1.1.1')).hops.map(({ id }) => id),
      ['1.1.1.1'],
    );
  });

  test('links, routes and status have their fields', async ({ net: { a } }) => {
    const [link] = a.links();
    assert.is(link?.peer, '1.1.1.2');
    assert.is(link?.state, 'up');
    assert.match(link?.address ?? '', /^udp:\/\/127\.0\.0\.1:\d+$/);
    await when(a, 'a measured link', () => a.links()[0]?.rttMs !== null);
    const [route] = a.routes('1.1.1.3');
    assert.is(route?.destination, '1.1.1.3');
    assert.is(route?.nextHop, '1.1.1.2');
    assert.is(route?.layer, 4);
    assert.is(route?.hops, 2);
    assert.is(a.routes().length, 2);
    assert.equal(a.routes('9.9.9.9'), []);
    const status = a.status();
    assert.is(status.id, '1.1.1.1');
    assert.is(status.packetPath.kind, path);
    assert.is(status.links, 1);
    assert.ok(status.packetPath.reason.length > 0);
    assert.type(status.counters.dropped['badTag'], 'number');
  });

  test('sockets talk both ways', async ({ net: { a, c } }) => {
    const client = await a.bind();
    const server = await c.bind(6000);
    server.on('message', (payload, from) =>
      server.send(
        payload.map((byte) => byte + 1),
        from.id,
        from.port,
      ),
    );
    assert.ok(client.send(Uint8Array.of(1, 2, 3), '1.1.1.3', 6000));
    const [payload, from] = await next<[Uint8Array, unknown]>(client, 'message');
    assert.equal(payload, Uint8Array.of(2, 3, 4));
    assert.equal(from, { id: '1.1.1.3', port: 6000 });
    client.close();
    server.close();
  });

  test('every size up to the limit arrives whole, one byte more is refused at once', async ({ net: { a, c } }) => {
    const client = await a.bind();
    const server = await c.bind(6001);
    for (const size of [0, 1, 47, 1000, 1136, 1472, 9000, DatagramSocket.maxPayload]) {
      const sent = Uint8Array.from({ length: size }, (_, i) => i * 7);
      client.send(sent, '1.1.1.3', 6001);
      const [payload] = await next<[Uint8Array]>(server, 'message');
      assert.equal(payload, sent);
    }
    assert.throws(
      () => client.send(new Uint8Array(DatagramSocket.maxPayload + 1), '1.1.1.3', 6001),
      (error: PortolanError) => error.code === 'TOO_BIG' && /65507.*65508/.test(error.message),
    );
    client.close();
    server.close();
  });

  test('a datagram to the own id is delivered', async ({ net: { a } }) => {
    const socket = await a.bind(6002);
    socket.send(Uint8Array.of(42), '1.1.1.1', 6002);
    const [payload, from] = await next<[Uint8Array, unknown]>(socket, 'message');
    assert.equal(payload, Uint8Array.of(42));
    assert.equal(from, { id: '1.1.1.1', port: 6002 });
    socket.close();
  });

  test('nobody at the port, no route: the socket hears of it by code', async ({ net: { a } }) => {
    const socket = await a.bind();
    socket.send(Uint8Array.of(1), '1.1.1.3', 6999);
    const [unreachable, detail] = await next<[PortolanError, unknown]>(socket, 'error');
    assert.is(unreachable.code, 'PORT_UNREACHABLE');
    assert.equal(detail, { to: { id: '1.1.1.3', port: 6999 }, reporter: '1.1.1.3' });
    socket.send(Uint8Array.of(1), '1.1.1.9', 6000);
    const [noRoute] = await next<[PortolanError]>(socket, 'error');
    assert.is(noRoute.code, 'NO_ROUTE');
    socket.close();
  });

  test('a port has one owner until it is closed', async ({ net: { a } }) => {
    const first = await a.bind(6003);
    await a.bind(6003).then(
      () => assert.unreachable(),
      (error: PortolanError) => assert.is(error.code, 'PORT_IN_USE'),
    );
    first.close();
    (await a.bind(6003)).close();
    assert.throws(
      () => first.send(Uint8Array.of(1), '1.1.1.3', 1),
      (error: PortolanError) => error.code === 'CLOSED',
    );
  });

  test('a socket can be read by a loop, and closed by a signal', async ({ net: { a, c } }) => {
    const controller = new AbortController();
    const server = await c.bind(6004, { signal: controller.signal });
    const client = await a.bind();
    const seen: number[] = [];
    const loop = (async () => {
      for await (const { payload } of server as AsyncIterable<Message>) {
        seen.push(payload[0] ?? -1);
        if (seen.length === 3) controller.abort();
        else client.send(Uint8Array.of(seen.length), '1.1.1.3', 6004);
      }
    })();
    client.send(Uint8Array.of(0), '1.1.1.3', 6004);
    await loop;
    assert.equal(seen, [0, 1, 2]);
    assert.ok(server.closed);
    client.close();
  });

  test('a sender that waits for drain loses nothing on the way to the packet path', async ({ net: { a } }) => {
    const socket = await a.bind();
    const receiver = await a.bind(6005);
    const before = a.status().counters.dropped['egressFull'];
    const payload = new Uint8Array(1136);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      if (socket.send(payload, '1.1.1.1', 6005)) continue;
      refused++;
      await next(socket, 'drain');
    }
    assert.ok(refused > 0, 'the queue has a high-water mark');
    assert.is(a.status().counters.dropped['egressFull'], before);
    socket.close();
    receiver.close();
  });
});

run();
