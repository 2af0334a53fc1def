/** Three real nodes in a row over loopback: A - B - C, where A and C know only B. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fleet, waitForRoute } from '../../ts/cli/processes/fleet.js';
import type { NodeProcess } from '../../ts/cli/processes/node-process.js';
import { outcomeOf, portolan, spawnPortolan } from './run-cli.js';
import { parseAs } from './schemas.js';

const env = { PORTOLAN_NETWORK_KEY: 'a passphrase for the tests' };
let fleet: Fleet;
let a: NodeProcess;
let b: NodeProcess;
let adminOfA: string[];

test.before(async () => {
  fleet = new Fleet();
  b = await fleet.start({ id: '1.1.1.2', env });
  [a] = await Promise.all([
    fleet.start({ id: '1.1.1.1', peers: [b.peer], env }),
    fleet.start({ id: '1.1.1.3', peers: [b.peer], env }),
  ]);
  await waitForRoute(a, '1.1.1.3');
  adminOfA = ['--admin', join(fleet.directory, '1.1.1.1.sock')];
});

test.after(() => fleet.stop());

interface Status {
  readonly id: string;
  readonly links: number;
  readonly packetPath: { readonly kind: string };
}

test('status', async () => {
  const [{ code, stdout }, forPeople] = await Promise.all([
    portolan(['status', '--json', ...adminOfA]),
    portolan([...adminOfA, 'status']), // --admin may stand before the command too
  ]);
  assert.is(code, 0);
  const status = parseAs('status', stdout) as Status;
  assert.is(status.id, '1.1.1.1');
  assert.is(status.links, 1);
  assert.match(forPeople.stdout, /^node +1\.1\.1\.1 +up \d+s/);
  assert.match(forPeople.stdout, new RegExp(`packet path +${status.packetPath.kind}`));
});

test('links', async () => {
  const [{ code, stdout }, forPeople] = await Promise.all([
    portolan(['links', '--json', ...adminOfA]),
    portolan(['links', ...adminOfA]),
  ]);
  assert.is(code, 0);
  const [link, ...more] = parseAs('links', stdout) as { peer: string; address: string; state: string }[];
  assert.is(more.length, 0);
  assert.is(link?.peer, '1.1.1.2');
  assert.is(link?.address, b.listen[0]);
  assert.is(link?.state, 'up');
  assert.match(forPeople.stdout, /^PEER +ADDRESS +STATE/);
  assert.match(forPeople.stdout, /^1\.1\.1\.2 +udp:\/\/127\.0\.0\.1:\d+ +up /m);
});

test('routes, all and one', async () => {
  const [all, one, none] = await Promise.all([
    portolan(['routes', '--json', ...adminOfA]),
    portolan(['routes', '1.1.1.3', '--json', ...adminOfA]),
    portolan(['routes', '1.1.1.77', '--json', ...adminOfA]),
  ]);
  assert.is(all.code, 0);
  const routes = parseAs('routes', all.stdout) as { destination: string; nextHop: string; hops: number }[];
  assert.equal(routes.map((route) => route.destination).sort(), ['1.1.1.2', '1.1.1.3']);
  assert.is(one.code, 0);
  const [route] = parseAs('routes', one.stdout) as typeof routes;
  assert.is(route?.nextHop, '1.1.1.2');
  assert.is(route?.hops, 2);
  assert.is(none.code, 1);
  assert.equal(parseAs('routes', none.stdout), []);
});

test('ping through the relay, and to nobody', async () => {
  const [{ code, stdout }, forPeople, nobody] = await Promise.all([
    portolan(['ping', '1.1.1.3', '--count', '3', '-i', '10ms', '--json', ...adminOfA]),
    portolan(['ping', '1.1.1.3', '-c', '2', '-i', '10ms', ...adminOfA]),
    portolan(['ping', '1.1.1.77', '-c', '1', '-W', '2s', '--json', ...adminOfA]),
  ]);
  assert.is(code, 0);
  const answer = parseAs('ping', stdout) as { sent: number; received: number; rttMs: { min: number; max: number } };
  assert.is(answer.sent, 3);
  assert.is(answer.received, 3);
  assert.ok(answer.rttMs.min > 0 && answer.rttMs.min <= answer.rttMs.max);

  assert.match(
    forPeople.stdout,
    /seq=1 time=.*\n.*seq=2 time=.*\n--- 1\.1\.1\.3 ---\n2 sent, 2 received, 0 % lost\nround trip min/,
  );

  assert.is(nobody.code, 1);
  const silence = parseAs('ping', nobody.stdout) as { received: number; rttMs: null; errors: Record<string, number> };
  assert.is(silence.received, 0);
  assert.is(silence.rttMs, null);
  assert.equal(silence.errors, { noRoute: 1 });
});

test('trace names the relay and ends at the destination', async () => {
  const [{ code, stdout }, lost] = await Promise.all([
    portolan(['trace', '1.1.1.3', '--json', ...adminOfA]),
    portolan(['trace', '1.1.1.77', ...adminOfA]),
  ]);
  assert.is(code, 0);
  const { hops } = parseAs('trace', stdout) as { hops: { id: string; rttMs: number }[] };
  assert.equal(
    hops.map((hop) => hop.id),
    ['1.1.1.2', '1.1.1.3'],
  );
  assert.ok(hops.every((hop) => hop.rttMs > 0));
  assert.is(lost.code, 1);
  assert.match(lost.stderr, /1\.1\.1\.77 was not reached: noRoute/);
});

test('top --json prints a line a look, with rates', async () => {
  const { code, stdout } = await portolan(['top', '--json', '--count', '2', '--interval', '100ms', ...adminOfA]);
  assert.is(code, 0);
  const lines = stdout.trim().split('\n');
  assert.is(lines.length, 2);
  for (const line of lines) assert.is((parseAs('top', line) as { id: string }).id, '1.1.1.1');
});

test('a reader that goes away is no fault', async () => {
  const child = spawnPortolan(['top', '--json', '--interval', '10ms', ...adminOfA]);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { code, stderr } = await outcomeOf(child);
  assert.is(code, 0, stderr);
});

test.run();
