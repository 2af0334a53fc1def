import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PuntReason } from '../../ts/memory/batch.js';
import { forwardingWords } from '../../ts/memory/forwarding-table.js';
import { assertConserved, C, line } from './line.js';
import { PACKET_PATHS } from './worker-node.js';

const EXPOSED = 6000;
/** Words of one class in the forwarding table. */
const CLASS_WORDS = 4 * 256;

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Sends `text` and resolves with the answer. */
async function ask(client: Socket, port: number, text: string | Uint8Array): Promise<string> {
  client.send(text, port, '127.0.0.1');
  const [answer] = (await once(client, 'message')) as [Buffer];
  return answer.toString();
}

/** A server that answers in capitals, and remembers whom it has seen. */
async function server(): Promise<{ socket: Socket; seen: Set<number>; port: number }> {
  const socket = await bound();
  const seen = new Set<number>();
  socket.on('message', (message, from) => {
    seen.add(from.port);
    socket.send(message.toString().toUpperCase(), from.port, from.address);
  });
  return { socket, seen, port: socket.address().port };
}

for (const path of PACKET_PATHS) {
  test(`${path}: UDP of plain programs crosses, and each of many clients gets its own answers`, async () => {
    const { socket, seen, port } = await server();
    const { a, b, c, stop } = await line(path, {
      a: {
        forwards: [{ id: 1, host: '127.0.0.1', port: 0, destination: C, destinationPort: EXPOSED, trafficClass: 0 }],
      },
      c: { exposes: [{ id: 2, port: EXPOSED, host: '127.0.0.1', hostPort: port }] },
    });
    const clients = await Promise.all(Array.from({ length: 30 }, bound));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        clients.map((client, index) => ask(client, a.forwardPort, `client ${index} round ${round}`)),
      );
      assert.equal(
        answers,
        clients.map((_, index) => `CLIENT ${index} ROUND ${round}`),
      );
    }
    assert.is(seen.size, 30, 'the server tells the clients apart');
    await stop();
    for (const node of [a, b, c]) assertConserved(node);
    assert.is(c.counters().delivered, 90);
    for (const open of [socket, ...clients]) open.close();
  });

  test(`${path}: a forward's packets go in its class, and the answers come in the same`, async () => {
    const { socket, port } = await server();
    const { a, b, c, stop } = await line(path, {
      a: {
        forwards: [{ id: 1, host: '127.0.0.1', port: 0, destination: C, destinationPort: EXPOSED, trafficClass: 2 }],
      },
      c: { exposes: [{ id: 2, port: EXPOSED, host: '127.0.0.1', hostPort: port }] },
    });
    for (const { region } of [a, b, c]) {
      const words = forwardingWords(region);
      words.copyWithin(2 * CLASS_WORDS, 0, CLASS_WORDS);
      words.fill(0, 0, CLASS_WORDS);
    }
    const client = await bound();
    assert.is(await ask(client, a.forwardPort, 'reliable'), 'RELIABLE');
    await stop();
    for (const open of [socket, client]) open.close();
  });

  test(`${path}: what a packet does not carry goes in several, both ways, up to the largest datagram of UDP`, async () => {
    const { socket, port } = await server();
    const { a, b, c, stop } = await line(path, {
      a: {
        forwards: [{ id: 1, host: '127.0.0.1', port: 0, destination: C, destinationPort: EXPOSED, trafficClass: 0 }],
      },
      c: { exposes: [{ id: 2, port: EXPOSED, host: '127.0.0.1', hostPort: port }] },
    });
    const client = await bound();
    for (const size of [1136, 1153, 1472, 9000, 9281, 30_000, 65_507]) {
      const sent = Uint8Array.from({ length: size }, (_, i) => 97 + (i % 25));
      assert.is(await ask(client, a.forwardPort, sent), Buffer.from(sent).toString().toUpperCase());
    }
    await stop();
    assert.is(a.counters().fragmented, 6);
    assert.is(c.counters().fragmented, 6);
    assert.ok(b.counters().forwarded > 2 * 60);
    assert.is(c.counters().delivered, 7);
    for (const node of [a, b, c]) assertConserved(node);
    for (const open of [socket, client]) open.close();
  });

  test(`${path}: forwards and exposes come and go at run time`, async () => {
    const { socket, port } = await server();
    const { a, c, stop } = await line(path);
    const forward = { id: 7, host: '127.0.0.1', port: 0, destination: C, destinationPort: EXPOSED, trafficClass: 0 };
    const opened = await a.ask({ type: 'forward', rule: forward });
    const local = opened.type === 'done' ? (opened.port ?? 0) : 0;
    await c.ask({ type: 'expose', rule: { id: 8, port: EXPOSED, host: '127.0.0.1', hostPort: port } });
    const client = await bound();
    assert.is(await ask(client, local, 'hello'), 'HELLO');

    const taken = await a.ask({ type: 'forward', rule: { ...forward, id: 9, port: local } });
    assert.is(taken.type === 'failed' && taken.code, 'EADDRINUSE');
    assert.is((await c.ask({ type: 'close', rule: 8 })).type, 'done');
    client.send('nobody', local, '127.0.0.1');
    assert.is((await c.punted()).reason, PuntReason.PortUnreachable);
    assert.is((await a.ask({ type: 'close', rule: 7 })).type, 'done');
    assert.is((await a.ask({ type: 'close', rule: 7 })).type, 'failed');
    await stop();
    for (const open of [socket, client]) open.close();
  });
}

test.run();
