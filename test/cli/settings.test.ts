import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { settle } from '../../ts/cli/config/settings.js';
import { UsageError } from '../../ts/cli/errors.js';

const KEY = 'cd'.repeat(32);
const folder = mkdtempSync(join(tmpdir(), 'portolan-settings-'));
const file = join(folder, 'node.yaml');
writeFileSync(
  file,
  `id: 1.1.1.2
listen: [udp://0.0.0.0:7000]
peers: [1.1.1.1@udp://192.0.2.1:7000]
networkKey: the passphrase of the file
gso: false
workers: 3
log: { level: warn }
`,
);
test.after(() => rmSync(folder, { recursive: true }));

test('a file alone', () => {
  assert.equal(settle({ config: file }, undefined), {
    node: {
      id: '1.1.1.2',
      listen: ['udp://0.0.0.0:7000'],
      peers: ['1.1.1.1@udp://192.0.2.1:7000'],
      networkKey: 'the passphrase of the file',
      gso: false,
      workers: 3,
      admin: true,
    },
    log: { level: 'warn', format: 'auto' },
  });
});

test('flags win over the file, lists whole', () => {
  const flags = {
    config: file,
    id: '1.1.1.9',
    listen: ['udp://[::1]:1', 'udp://127.0.0.1:2'],
    workers: 1,
    logLevel: 'debug',
    admin: 'off',
  } as const;
  const { node, log } = settle(flags, undefined);
  assert.is(node.id, '1.1.1.9');
  assert.equal(node.listen, ['udp://[::1]:1', 'udp://127.0.0.1:2']);
  assert.equal(node.peers, ['1.1.1.1@udp://192.0.2.1:7000']);
  assert.is(node.workers, 1);
  assert.is(node.gso, false);
  assert.is(node.admin, 'off');
  assert.is(log.level, 'debug');
});

test('the network key: flag, key file, environment, file - in this order', () => {
  const keyFile = join(folder, 'network.key');
  writeFileSync(keyFile, `${KEY}\n`);
  assert.is(settle({ config: file }, 'from the environment').node.networkKey, 'from the environment');
  assert.is(settle({ config: file, networkKeyFile: keyFile }, 'from the environment').node.networkKey, KEY);
  assert.is(
    settle({ config: file, networkKey: 'given by a flag' }, 'from the environment').node.networkKey,
    'given by a flag',
  );
  assert.throws(
    () => settle({ id: '1.1.1.1', networkKey: 'given by a flag', networkKeyFile: keyFile }, undefined),
    (error: Error) => error instanceof UsageError && /only one of the two/.test(error.message),
  );
});

test('an id is needed from somewhere', () => {
  assert.throws(
    () => settle({}, undefined),
    (error: Error) => error instanceof UsageError && /--id 1\.1\.1\.2/.test(error.message),
  );
});

test.run();
