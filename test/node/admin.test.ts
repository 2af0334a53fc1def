/** The admin interface of a running node: over a unix socket and over TCP, what it answers and what it refuses. */

import { once } from 'node:events';
import { linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createNode, type Node, type PortolanError } from '../../ts/index.js';
import type { LinkReport, ResourcesReport, StatusReport } from '../../ts/node/admin.types.js';
import { ask } from './admin-client.js';
import { next, peerOf, routed, TestNodes } from './nodes.js';

const folder = mkdtempSync(join(tmpdir(), 'portolan-test-'));
const path = join(folder, 'a.sock');
const nodes = new TestNodes('portable');
let a: Node;
let b: Node;

const received = (text: string) => Number(/portolan_received_total\{node="1\.1\.1\.1"\} (\d+)/.exec(text)?.[1]);

const isTaken = (error: PortolanError) => assert.is(error.code, 'ADMIN_IN_USE');

test.before(async () => {
  b = await nodes.start('1.1.1.2', [], { admin: '127.0.0.1:0' });
  a = await nodes.start('1.1.1.1', [b], { admin: path });
  await Promise.all([routed(a, '1.1.1.2'), routed(b, '1.1.1.1')]);
});

test.after(async () => {
  await nodes.close();
  rmSync(folder, { recursive: true });
});

test('the unix socket is this user’s alone', () => {
  assert.is(a.adminAddress, path);
  assert.is(statSync(path).mode & 0o777, 0o600);
});

test('what the library says is what the interface answers', async () => {
  for (const where of [path, b.adminAddress as string]) {
    const node = where === path ? a : b;
    const status = (await ask(where, 'GET', '/status')).json() as StatusReport;
    assert.is(status.id, node.id);
    assert.is(status.packetPath.kind, 'portable');
    assert.is(status.links, 1);
    const links = (await ask(where, 'GET', '/links')).json() as LinkReport[];
    assert.equal(
      links.map(({ peer, address, state }) => ({ peer, address, state })),
      node.links().map(({ peer, address, state }) => ({ peer, address, state })),
    );
  }
  assert.equal((await ask(path, 'GET', '/routes')).json(), a.routes());
  assert.equal((await ask(path, 'GET', '/routes?destination=1.1.1.2')).json(), a.routes('1.1.1.2'));
  assert.equal((await ask(path, 'GET', '/routes?destination=1.1.1.9')).json(), []);
});

test('resources: what the process and the node hold', async () => {
  const held = (await ask(path, 'GET', '/resources')).json() as ResourcesReport;
  assert.ok(held.rssBytes > held.heapUsedBytes && held.heapUsedBytes > 0);
  assert.equal(held.links, { capacity: a.resources().links.capacity, taken: 1 });
  assert.equal(held.workers, [{ blocks: null, freeBlocks: null, heldPackets: 0 }]);
  assert.ok((held.handles['Timeout'] ?? 0) > 0);
});

test('ping and trace', async () => {
  const reply = (await ask(path, 'GET', '/ping?destination=1.1.1.2')).json() as Record<string, unknown>;
  assert.is(reply['received'], true);
  assert.ok((reply['rttMs'] as number) > 0);
  const lost = (await ask(path, 'GET', '/ping?destination=1.1.1.9')).json();
  assert.equal(lost, { destination: '1.1.1.9', received: false, rttMs: null, error: 'noRoute', reporter: '1.1.1.1' });
  const traced = await ask(path, 'GET', '/trace?destination=1.1.1.2');
  assert.match(traced.type, /ndjson/);
  assert.equal(
    traced.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
    ['1.1.1.2'],
  );
});

test('metrics: each counter with its sentence, each link with its state', async () => {
  const { text, type } = await ask(path, 'GET', '/metrics');
  assert.match(type, /text\/plain/);
  assert.match(text, /# HELP portolan_forwarded_total Other nodes' packets passed on to a next hop\./);
  assert.match(text, /portolan_sent_total\{node="1\.1\.1\.1"\} [1-9]\d*/);
  assert.match(text, /portolan_dropped_total\{reason="badTag",node="1\.1\.1\.1"\} 0/);
  assert.match(text, /portolan_link_up\{peer="1\.1\.1\.2",address="udp:\/\/127\.0\.0\.1:\d+",node="1\.1\.1\.1"\} 1/);
  assert.match(text, /portolan_link_rtt_seconds\{/);
  const again = await ask(path, 'GET', '/metrics');
  assert.ok(received(again.text) < 2 * received(text) + 100, 'scraping twice does not count twice');
});

test('counters with kind, sentence and value', async () => {
  const counters = (await ask(path, 'GET', '/counters')).json() as { name: string; value: number; sentence: string }[];
  const sent = counters.find(({ name }) => name === 'sent');
  assert.ok(sent && sent.value > 0 && sent.sentence.endsWith('.'));
});

test('bad requests get a status and a sentence', async () => {
  for (const [method, url, status] of [
    ['GET', '/nowhere', 404],
    ['GET', '/ping', 400],
    ['GET', '/ping?destination=1.1', 400],
    ['GET', '/ping?destination=1.1.1.2&timeoutMs=-1', 400],
    ['GET', '/ping?destination=1.1.1.999', 400],
    ['GET', '/routes?destination=x', 400],
    ['POST', '/faults', 400],
  ] as const) {
    const answer = await ask(path, method, url);
    assert.is(answer.status, status, url);
    const { error } = answer.json() as { error: { code: string; message: string } };
    assert.ok(error.code.length > 0 && error.message.length > 0, url);
  }
  assert.is((await ask(path, 'POST', '/faults', { kind: 'crashWorker', worker: 0 })).status, 409);
  assert.is((await ask(path, 'POST', '/peers', { peer: 'nonsense' })).status, 400);
});

test('peers come and go, and /events tells', async () => {
  const c = await nodes.start('1.1.1.3');
  const up = ask(path, 'GET', '/events', undefined, (text) => text.includes('"linkUp"') && text.includes('1.1.1.3'));
  await ask(path, 'GET', '/status'); // the stream is open once a later request has been answered
  await ask(path, 'POST', '/peers', { peer: peerOf(c) });
  assert.match((await up).text, /"event":"linkUp","peer":"1\.1\.1\.3"/);
  const down = next(c, 'linkDown');
  await ask(path, 'DELETE', '/peers?id=1.1.1.3');
  assert.is(((await down) as [{ reason: string }])[0].reason, 'removed');
});

test('a live socket is left alone, a dead one is replaced, a file is not removed', async () => {
  const inUse = (error: PortolanError) => {
    assert.is(error.code, 'ADMIN_IN_USE');
    assert.match(error.message, new RegExp(folder));
  };
  await nodes.start('1.1.1.7', [], { admin: path }).then(() => assert.unreachable(), inUse);
  const file = join(folder, 'file.sock');
  writeFileSync(file, '');
  await nodes.start('1.1.1.7', [], { admin: file }).then(() => assert.unreachable(), inUse);

  const stale = join(folder, 'stale.sock');
  const dead = createServer().listen(stale);
  await once(dead, 'listening');
  // A listener that dies leaves its socket file behind; one that is closed takes it away: so a second name is kept for it.
  const kept = join(folder, 'kept.sock');
  linkSync(stale, kept);
  dead.close();
  const node = await nodes.start('1.1.1.8', [], { admin: kept });
  assert.is((await ask(kept, 'GET', '/status')).status, 200);
  await node.close();
  assert.throws(() => statSync(kept), 'a closed node takes its socket away');
});

test('TCP: a port in use is an error; an address beyond loopback is refused', async () => {
  const admin = b.adminAddress as string;
  await createNode({ id: '1.1.1.7', admin, packetPath: 'portable' }).then(() => assert.unreachable(), isTaken);
  await createNode({ id: '1.1.1.7', admin: '0.0.0.0:0' }).then(
    () => assert.unreachable(),
    (error: PortolanError) => assert.match(error.message, /loopback/),
  );
});

test('POST /stop answers, then the node closes', async () => {
  const d = await nodes.start('1.1.1.4', [], { admin: '127.0.0.1:0' });
  const closed = next(d, 'close');
  assert.is((await ask(d.adminAddress as string, 'POST', '/stop')).status, 200);
  await closed;
});

test.run();
