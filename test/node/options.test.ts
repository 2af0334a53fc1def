import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PortolanError } from '../../ts/node/errors.js';
import { checkNetworkKey, deriveNetworkKey, MIN_PASSPHRASE_LENGTH } from '../../ts/node/network-key.js';
import { checkOptions, parseAdmin } from '../../ts/node/options.js';

/** What is wrong with these options; the other options are good. */
function refusal(options: Record<string, unknown>): PortolanError {
  try {
    checkOptions({ id: '1.1.1.1', ...options });
  } catch (error) {
    assert.instance(error, PortolanError);
    return error as PortolanError;
  }
  throw new Error(`nothing was wrong with ${JSON.stringify(options)}`);
}

test('good options are taken as they are meant', () => {
  const config = checkOptions({
    id: '1.1.1.2',
    listen: ['udp://0.0.0.0:7000', 'tcp://[::1]:0'],
    peers: ['1.1.1.1@udp://node.example.org:7000', '1.1.1.3@tcp://[2001:db8::1]:7000'],
    forwards: ['udp://127.0.0.1:5000=1.1.1.3:6000'],
    exposes: ['6000=udp://127.0.0.1:9000'],
    workers: 2,
  });
  assert.is(config.id, 0x01010102);
  assert.equal(config.listen, [
    { scheme: 'udp', host: '0.0.0.0', port: 7000, option: 'listen[0]' },
    { scheme: 'tcp', host: '::1', port: 0, option: 'listen[1]' },
  ]);
  assert.equal(config.peers[1], { id: 0x01010103, scheme: 'tcp', host: '2001:db8::1', port: 7000 });
  assert.equal(config.forwards, [
    { host: '127.0.0.1', port: 5000, destination: 0x01010103, destinationPort: 6000, trafficClass: 0 },
  ]);
  assert.equal(config.exposes, [{ virtualPort: 6000, host: '127.0.0.1', port: 9000, from: undefined }]);
  assert.is(config.workers, 2);
  assert.is(config.packetPath, 'auto');
  assert.equal(config.admin, { kind: 'none' });
});

const check = (options: object) => checkOptions({ id: '1.1.1.2', ...options });

test('neighbours are chosen where there is somebody to begin with, or where it is asked for', () => {
  assert.equal([check({}).neighbours, check({ neighbours: 5 }).neighbours], [0, 5]);
  const config = check({ bootstrap: ['udp://node:7000', '1.1.1.1@tcp://node:7001?cost=3'] });
  assert.is(config.neighbours, 32);
  assert.equal(config.bootstrap, [
    { id: undefined, scheme: 'udp', host: 'node', port: 7000 },
    { id: 0x01010101, scheme: 'tcp', host: 'node', port: 7001 },
  ]);
  assert.equal(config.peers, []);
  assert.equal(
    config.peerRates.map(({ id, cost }) => [id, cost]),
    [[0x01010101, 3]],
  );
});

test('a wrong option is named, with what was expected and what came', () => {
  const cases: [Record<string, unknown>, string, RegExp][] = [
    [{ id: '1.1.1' }, 'id', /node id such as 1\.1\.1\.2.*got "1\.1\.1"/],
    [{ id: '1.1.1.0' }, 'id', /index 0 is kept for satellites/],
    [{ id: 7 }, 'id', /got 7/],
    [{ listen: 'udp://0.0.0.0:1' }, 'listen', /expected an array/],
    [{ listen: ['udp://0.0.0.0:1', 'quic://0.0.0.0:1'] }, 'listen[1]', /udp:\/\/192/],
    [{ forwards: ['tcp://127.0.0.1:5000=1.1.1.3:6000'] }, 'forwards[0]', /expected an address such as udp/],
    [{ listen: ['udp://0.0.0.0:70000'] }, 'listen[0]', /got "udp:\/\/0\.0\.0\.0:70000"/],
    [{ listen: ['udp://300.0.0.1:7000'] }, 'listen[0]', /expected an address/],
    [{ listen: ['udp://::1:7000'] }, 'listen[0]', /expected an address/],
    [{ peers: ['1.1.1.2'] }, 'peers[0]', /1\.1\.1\.1@udp/],
    [{ peers: ['1.1.1.2@udp://a:0'] }, 'peers[0]', /expected an address/],
    [{ peers: ['1.1.1.1@udp://a:7000'] }, 'peers[0]', /another node's id/],
    [{ listen: [], peers: ['1.1.1.2@udp://a:7000'] }, 'listen', /at least one/],
    [{ listen: ['tcp://0.0.0.0:1'], peers: ['1.1.1.2@udp://a:7000'] }, 'listen', /at least one address for udp/],
    [{ neighbours: 33 }, 'neighbours', /from 0 to 32/],
    [{ neighbours: 4, role: 'leaf' }, 'neighbours', /a leaf links only with/],
    [{ bootstrap: ['udp://a:7000'], neighbours: 0 }, 'neighbours', /at least 1/],
    [{ bootstrap: ['1.1.1.1@udp://a:7000'] }, 'bootstrap[0]', /another node's id/],
    [{ bootstrap: ['tcp://a:7000'] }, 'bootstrap[0]', /the id of the node in front/],
    [{ bootstrap: ['udp://a:0'] }, 'bootstrap[0]', /expected an address/],
    [{ listen: ['tcp://0.0.0.0:1'], bootstrap: ['udp://a:7000'] }, 'listen', /at least one address for udp/],
    [{ forwards: ['udp://127.0.0.1:5000=1.1.1.3'] }, 'forwards[0]', /a forward such as/],
    [{ forwards: ['udp://127.0.0.1:5000=1.1.1.3:0'] }, 'forwards[0]', /a port from 1 to 65535/],
    [{ exposes: ['udp://127.0.0.1:9000'] }, 'exposes[0]', /an expose such as/],
    [{ exposes: ['6000=udp://127.0.0.1:9000?from=1.1.*,me'] }, 'exposes[0]', /nodes that may use it/],
    [{ exposes: ['6000=udp://127.0.0.1:9000?from='] }, 'exposes[0]', /nodes that may use it/],
    [{ exposes: ['6000=udp://127.0.0.1:9000?to=1.1.1.1'] }, 'exposes[0]', /an expose such as/],
    [{ exposes: ['6000=udp://a:1', '6000=udp://a:2'] }, 'exposes[1]', /not exposed twice/],
    [{ workers: 0 }, 'workers', /an integer from 1 to 64, got 0/],
    [{ workers: '2' }, 'workers', /got "2"/],
    [{ packetPath: 'fast' }, 'packetPath', /one of auto, native, portable/],
    [{ gso: 1 }, 'gso', /true or false/],
    [{ maxLinks: 4096 }, 'maxLinks', /1 to 4095/],
    [{ peers: ['1.1.1.1@udp://a:1?rate=50'] }, 'peers[0]', /a rate such as \?rate=50Mbit/],
    [{ peers: ['1.1.1.1@udp://a:1?rate=1kbit'] }, 'peers[0]', /from 100kbit/],
    [{ peers: ['1.1.1.1@udp://a:1?pace=1Mbit'] }, 'peers[0]', /rate, bandwidth or cost behind the address/],
    [{ listen: ['udp://127.0.0.1:0?rate='] }, 'listen[0]', /a rate such as/],
    [{ emulate: 'delay=1ms' }, 'emulate', /an array/],
    [{ emulate: [''] }, 'emulate[0]', /an emulated network such as/],
    [{ emulate: ['1.1.1.2'] }, 'emulate[0]', /an emulated network such as/],
    [{ emulate: ['delay=1ms delay=2ms'] }, 'emulate[0]', /delay only once/],
    [{ emulate: ['delay=1ms', 'dely=1ms'] }, 'emulate[1]', /one of delay, jitter/],
    [{ emulate: ['loss=101%'] }, 'emulate[0]', /loss to be a share such as 1%, got "101%"/],
    [{ emulate: ['loss=0.1'] }, 'emulate[0]', /loss to be a share/],
    [{ emulate: ['rate=50'] }, 'emulate[0]', /rate to be a rate such as 50Mbit/],
    [{ emulate: ['rate=1kbit'] }, 'emulate[0]', /from 100kbit/],
    [{ emulate: ['delay=61s'] }, 'emulate[0]', /at most 60s/],
    [{ emulate: ['queue=5ms'] }, 'emulate[0]', /a rate, for there is a queue/],
    [{ emulate: ['rate=1Mbit queue=11s'] }, 'emulate[0]', /queue to be a time/],
    [{ emulate: ['mtu=100'] }, 'emulate[0]', /mtu to be a size from 576/],
    [{ emulate: ['1.1.1.0 delay=1ms'] }, 'emulate[0]', /kept for satellites/],
    [
      { emulate: ['udp://127.0.0.1:7001 delay=1ms'], listen: ['udp://127.0.0.1:7000'] },
      'emulate[0]',
      /an address that this node listens on \(udp:\/\/127.0.0.1:7000\)/,
    ],
    [{ networkKey: 'short' }, 'networkKey', /64 hexadecimal digits/],
    [{ networkKey: new Uint8Array(31) }, 'networkKey', /got 31 bytes/],
    [{ admin: '192.0.2.1:7080' }, 'admin', /loopback/],
    [{ admin: 'nonsense' }, 'admin', /path of a unix socket/],
    [{ signal: {} }, 'signal', /AbortSignal/],
    [{ peer: [] }, 'peer', /unknown option/],
  ];
  for (const [options, option, message] of cases) {
    const error = refusal(options);
    assert.is(error.code, 'INVALID_OPTION', option);
    assert.is(error.option, option);
    assert.match(error.message, message);
    assert.ok(error.message.startsWith(option), error.message);
  }
});

test('a mistyped key is not repeated in the message', () => {
  assert.not.match(refusal({ networkKey: 'hunter2' }).message, /hunter2/);
});

test('the admin option', () => {
  assert.equal(parseAdmin(true), { kind: 'default' });
  assert.equal(parseAdmin('off'), { kind: 'none' });
  assert.equal(parseAdmin('/run/a.sock'), { kind: 'path', path: '/run/a.sock' });
  assert.equal(parseAdmin('127.0.0.1:7080'), { kind: 'tcp', host: '127.0.0.1', port: 7080 });
  assert.equal(parseAdmin('[::1]:0'), { kind: 'tcp', host: '::1', port: 0 });
});

test('network keys: bytes and digits are the key, a passphrase makes one', async () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
  const hex = Buffer.from(bytes).toString('hex');
  assert.equal(await deriveNetworkKey(checkNetworkKey(bytes)), bytes);
  assert.equal(await deriveNetworkKey(checkNetworkKey(hex.toUpperCase())), bytes);
  const passphrase = 'a'.repeat(MIN_PASSPHRASE_LENGTH);
  const derived = await deriveNetworkKey(checkNetworkKey(passphrase));
  assert.is(derived.byteLength, 32);
  assert.equal(await deriveNetworkKey(passphrase), derived);
  assert.not.equal(await deriveNetworkKey(`${passphrase}b`), derived);
  assert.not.equal(await deriveNetworkKey(undefined), derived);
  assert.throws(() => checkNetworkKey('a'.repeat(MIN_PASSPHRASE_LENGTH - 1)));
});

test.run();
