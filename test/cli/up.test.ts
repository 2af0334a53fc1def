/** A node's life as a process: found by its admin socket, ended by signals, refused when its address is taken. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fleet, waitForLink } from '../../ts/cli/processes/fleet.js';
import type { LinkReport, StatusReport } from '../../ts/node/admin.types.js';
import { outcomeOf, portolan, said, spawnPortolan } from './run-cli.js';
import { parseAs } from './schemas.js';

const env = { PORTOLAN_NETWORK_KEY: 'a passphrase for the tests' };

test('the only local node is found; several are listed and the command exits 2', async () => {
  const runtime = mkdtempSync(join(tmpdir(), 'portolan-runtime-'));
  const local = { PORTOLAN_RUNTIME_DIR: runtime };
  try {
    const none = await portolan(['status'], local);
    assert.is(none.code, 2);
    assert.match(none.stderr, /no node of yours runs here/);
    await using alone = new Fleet();
    await alone.start({ id: '1.1.9.1', env, adminPath: join(runtime, '1.1.9.1.sock') });
    const only = await portolan(['status', '--json'], local);
    assert.is((parseAs('status', only.stdout) as StatusReport).id, '1.1.9.1');
    await alone.start({ id: '1.1.9.2', env, adminPath: join(runtime, '1.1.9.2.sock') });
    const several = await portolan(['status'], local);
    assert.is(several.code, 2);
    const byId = await portolan(['status', '--json', '--admin', '1.1.9.2'], local);
    assert.is((parseAs('status', byId.stdout) as StatusReport).id, '1.1.9.2');
    assert.match(several.stderr, /several nodes run here.*\n {2}--admin 1\.1\.9\.1\n {2}--admin 1\.1\.9\.2\n/);
  } finally {
    rmSync(runtime, { recursive: true });
  }
});

test('SIGTERM ends a node with 0, and its neighbour hears the goodbye; an address in use is told', async () => {
  await using fleet = new Fleet();
  const host = await fleet.start({ id: '1.1.9.3', env });
  const guest = await fleet.start({ id: '1.1.9.4', peers: [host.peer], env });
  await waitForLink(host, guest.id);
  guest.signal('SIGTERM');
  assert.is(await guest.exited, 0);
  const links = await host.admin.get<LinkReport[]>('/links');
  assert.ok(links.every((link) => link.state !== 'up'));
  assert.ok(host.log.some((line) => line.msg === 'link down' && line['reason'] === 'goodbye'));

  const taken = await portolan(['up', '--id', '1.1.9.9', '--admin', 'off', '--listen', host.listen[0] ?? '']);
  assert.is(taken.code, 1);
  assert.match(taken.stderr, /portolan: .*127\.0\.0\.1:\d+/);
});

test('options of a file that do not go together are told with their place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-up-'));
  const file = join(folder, 'node.yaml');
  writeFileSync(file, 'id: 1.1.9.9\npeers:\n  - 1.1.9.8@udp://127.0.0.1:1\n  - 1.1.9.9@udp://127.0.0.1:2\n');
  try {
    const { code, stderr } = await portolan(['up', '--config', file, '--admin', 'off']);
    assert.is(code, 2);
    assert.ok(stderr.includes(`${file}:4:5: peers[1]: expected another node's id`), stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('Ctrl-C ends a node with 0 and lines for people; without a key it warns', async () => {
  const child = spawnPortolan(['up', '--id', '1.1.9.9', '--admin', 'off', '--log-format', 'text']);
  const ending = outcomeOf(child);
  await said(child, 'ready');
  child.kill('SIGINT');
  const { code, stderr } = await ending;
  assert.is(code, 0);
  assert.match(stderr, /no network key: this is the open network/);
  assert.match(stderr, /\d\d:\d\d:\d\d ready: node 1\.1\.9\.9 listens at udp:\/\/0\.0\.0\.0:\d+\n/);
  assert.match(stderr, /packet path: (native|portable), GSO \w+, GRO \w+, \d workers? \(/);
  assert.match(stderr, /try, elsewhere: portolan up --id 1\.1\.9\.10 --peer 1\.1\.9\.9@udp:\/\/127\.0\.0\.1:\d+/);
  assert.match(stderr, /closed/);
});

test.run();
