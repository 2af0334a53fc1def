import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig, parseConfig } from '../../ts/cli/config/load.js';
import { UsageError } from '../../ts/cli/errors.js';

const KEY = 'ab'.repeat(32);

const WHOLE = `# a node with everything
id: 1.1.1.2
listen:
  - udp://0.0.0.0:7000
  - udp://[::]:7000
peers: ['1.1.1.1@udp://192.0.2.1:7000']
networkKey: ${KEY}
forwards: [udp://127.0.0.1:5000=1.1.1.3:6000]
exposes: [6000=udp://127.0.0.1:9000]
admin: 127.0.0.1:7080
workers: 2
packetPath: portable
gso: false
gro: true
tags: true
maxLinks: 64
emulate: [delay=50ms loss=1%, 1.1.1.1 rate=50Mbit]
log:
  level: warn
  format: json
`;

test('reads every key', () => {
  assert.equal(parseConfig(WHOLE, 'x.yaml'), {
    id: '1.1.1.2',
    listen: ['udp://0.0.0.0:7000', 'udp://[::]:7000'],
    peers: ['1.1.1.1@udp://192.0.2.1:7000'],
    networkKey: KEY,
    forwards: ['udp://127.0.0.1:5000=1.1.1.3:6000'],
    exposes: ['6000=udp://127.0.0.1:9000'],
    admin: '127.0.0.1:7080',
    workers: 2,
    packetPath: 'portable',
    gso: false,
    gro: true,
    tags: true,
    maxLinks: 64,
    emulate: ['delay=50ms loss=1%', '1.1.1.1 rate=50Mbit'],
    log: { level: 'warn', format: 'json' },
  });
});

test('an empty file is an empty configuration', () => {
  assert.equal(parseConfig('', 'x.yaml'), {});
  assert.equal(parseConfig('# only a comment\n', 'x.yaml'), {});
});

/** Each: the text, and what the message must hold - place, key, and what was expected. */
const REFUSED: readonly [what: string, text: string, ...parts: string[]][] = [
  [
    'an emulated network',
    'emulate: [delay=fast]\n',
    'x.yaml:1:11',
    'emulate[0]',
    'delay to be a time such as 50ms',
    '"fast"',
  ],
  ['an unknown key', 'id: 1.1.1.2\nlisen: []\n', 'x.yaml:2:1', 'lisen', 'did you mean "listen"'],
  ['an unknown key far from all', 'colour: red\n', 'x.yaml:1:1', 'colour', 'expected one of id, listen'],
  ['an unknown key within log', 'log:\n  levl: info\n', 'x.yaml:2:3', 'log.levl', 'did you mean "level"'],
  ['a wrong type', 'id: 1.1.1.2\nworkers: many\n', 'x.yaml:2:10', 'workers', 'a whole number', '"many"'],
  ['a number out of range', 'workers: 0\n', 'x.yaml:1:10', 'workers', 'at least 1', 'got 0'],
  ['a list that is not one', 'listen: udp://0.0.0.0:7000\n', 'x.yaml:1:9', 'listen', 'a list'],
  ['a bad id', 'id: 1.1.1.256\n', 'x.yaml:1:5', 'id', 'a node id such as 1.1.1.2', '"1.1.1.256"'],
  ['an id kept for satellites', 'id: 1.1.1.0\n', 'x.yaml:1:5', 'id', 'kept for satellites'],
  [
    'a bad peer in the list',
    'peers:\n  - 1.1.1.1@udp://a:1\n  - nonsense\n',
    'x.yaml:3:5',
    'peers[1]',
    '1.1.1.1@udp://',
  ],
  [
    'another transport',
    'listen: [quic://0.0.0.0:1]\n',
    'x.yaml:1:10',
    'listen[0]',
    'udp://192.0.2.1:7000',
    '"quic://0.0.0.0:1"',
  ],
  ['a bad forward', 'forwards: [5000]\n', 'x.yaml:1:12', 'forwards[0]', 'a text', '5000'],
  ['a forward to port 0', 'forwards: ["udp://h:1=1.1.1.3:0"]\n', 'x.yaml:1:12', 'a port from 1 to 65535'],
  ['a bad expose', 'exposes: ["99999=udp://h:1"]\n', 'x.yaml:1:11', 'exposes[0]', '65535'],
  ['a word not in the list', 'packetPath: fast\n', 'x.yaml:1:13', 'packetPath', 'one of auto, native, portable'],
  ['a short key', 'networkKey: abc\n', 'x.yaml:1:13', 'networkKey', '64 hexadecimal digits'],
  ['a doubled key', 'id: 1.1.1.2\nid: 1.1.1.3\n', 'x.yaml:2:1', 'YAML', 'unique'],
  ['broken YAML', 'id: [1\nlisten: 3\n', 'x.yaml:', 'YAML'],
  ['a document that is no map', '- 1\n', 'x.yaml:1:1', 'keys with values'],
];

for (const [what, text, ...parts] of REFUSED)
  test(`refuses ${what} and says where`, () => {
    const message = refusal(() => parseConfig(text, 'x.yaml'));
    for (const part of parts) assert.ok(message.includes(part), `"${message}" should hold "${part}"`);
  });

test('never throws anything but a usage error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        parseConfig(text, 'x.yaml');
      } catch (error) {
        assert.instance(error, UsageError);
      }
    }),
    { numRuns: 300 },
  );
});

test('a key file is read beside the configuration; both at once are refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-config-'));
  try {
    const file = join(folder, 'node.yaml');
    writeFileSync(join(folder, 'network.key'), `${KEY}\n`);
    writeFileSync(file, 'networkKeyFile: network.key\n');
    assert.is(loadConfig(file).networkKey, KEY);
    writeFileSync(file, `networkKeyFile: network.key\nnetworkKey: ${KEY}\n`);
    assert.match(
      refusal(() => loadConfig(file)),
      /only one of the two/,
    );
    writeFileSync(file, 'networkKeyFile: nowhere.key\n');
    assert.match(
      refusal(() => loadConfig(file)),
      /nowhere\.key.*ENOENT/,
    );
    assert.match(
      refusal(() => loadConfig(join(folder, 'none.yaml'))),
      /none\.yaml.*ENOENT/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.instance(error, UsageError);
    return (error as UsageError).message;
  }
  throw new Error('nothing was refused');
}

test.run();
