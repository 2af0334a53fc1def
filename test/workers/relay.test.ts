import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PuntReason } from '../../ts/memory/batch.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { HEADERS_BYTES, Protocol } from '../../ts/wire/network-header.js';
import { A, assertConserved, B, C, line } from './line.js';
import { PACKET_PATHS, WorkerNode } from './worker-node.js';

const datagram = (sequence: number, more: Partial<Headers> = {}) =>
  makeFrame(
    { source: A, sourcePort: 7, destination: C, destinationPort: 6000, sequence, ttl: 0, ...more },
    new TextEncoder().encode(`packet ${sequence}`),
  );

/** Port 6000 is a socket's. */
const listen = (node: WorkerNode) => new PortTableWriter(node.region).set(6000, PortHandler.Socket);

for (const path of PACKET_PATHS) {
  test(`${path}: packets cross a relay over real sockets, in order and unharmed`, async () => {
    const { a, b, c, stop } = await line(path);
    listen(c);
    const packets = 2000;
    for (let i = 1; i <= packets; i++) {
      assert.ok(a.send(datagram(i)));
      if (i % 50 !== 0) continue;
      for (let j = i - 49; j <= i; j++) {
        const frame = await c.delivered();
        const headers = readHeaders(frame) as Headers;
        assert.is(headers.sequence, j);
        assert.is(headers.ttl, 31, 'one relay took one from the TTL of 32');
        assert.is(new TextDecoder().decode(frame.subarray(HEADERS_BYTES)), `packet ${j}`);
      }
    }
    await stop();
    assert.is(b.counters().forwarded, packets);
    assert.is(c.counters().delivered, packets);
  });

  test(`${path}: an echo request is answered by the worker at the other end`, async () => {
    const { a, stop } = await line(path);
    a.send(datagram(1, { protocol: Protocol.EchoRequest, sourcePort: 77 }));
    const reply = readHeaders(await a.delivered()) as Headers;
    assert.is(reply.protocol, Protocol.EchoReply);
    assert.equal([reply.source, reply.destination, reply.destinationPort], [C, A, 77]);
    await stop();
  });

  test(`${path}: a TTL that runs out at the relay is punted there, and nothing goes on`, async () => {
    const { a, b, c, stop } = await line(path);
    a.send(datagram(1, { ttl: 1 }));
    const punt = await b.punted();
    assert.is(punt.reason, PuntReason.TtlExceeded);
    assert.is((readHeaders(punt.frame) as Headers).source, A);
    await stop();
    assert.is(b.counters().ttlExceeded, 1);
    assert.is(c.counters().received, 0);
  });

  test(`${path}: nothing is lost or counted twice: the counters of each node add up`, async () => {
    const { a, b, c, stop } = await line(path);
    listen(c);
    for (let i = 1; i <= 20; i++) a.send(datagram(i, { destinationPort: i % 2 ? 6000 : 6001 }));
    for (let i = 1; i <= 20; i++) a.send(datagram(i, { destination: 0x01010109 }));
    for (let i = 0; i < 10; i++) await c.delivered();
    assert.is((await c.punted()).reason, PuntReason.PortUnreachable);
    assert.is((await a.punted()).reason, PuntReason.NoRoute);
    await stop();
    assert.is(c.counters().portUnreachable, 10);
    assert.is(a.counters().noRoute, 20);
    for (const node of [a, b, c]) assertConserved(node);
  });

  test(`${path}: a crashed worker is replaced: same socket, same links, counters go on`, async () => {
    const { a, b, c, stop } = await line(path);
    listen(c);
    a.send(datagram(1));
    await c.delivered();
    b.command({ type: 'crash' });
    assert.match(String(await b.ended()), /crashed on command/);
    await b.start();
    a.send(datagram(2));
    assert.is((readHeaders(await c.delivered()) as Headers).sequence, 2);
    await stop();
    assert.is(b.counters().forwarded, 2);
  });
}

test('an address in use is told, with the place of the socket', async () => {
  const first = new WorkerNode(A);
  await first.start();
  const second = new WorkerNode(B);
  second.port = first.port;
  const problem = await second.start().then(
    () => undefined,
    (error: unknown) => error as { code: string; socket: number },
  );
  assert.is(problem?.code, 'EADDRINUSE');
  assert.is(problem?.socket, 0);
  await first.stop();
});

test.run();
