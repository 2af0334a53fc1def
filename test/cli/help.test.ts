import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildProgram } from '../../ts/cli/program.js';
import { portolan } from './run-cli.js';
import { parseAs } from './schemas.js';

const names = buildProgram().commands.map((command) => command.name());

test('all commands are there', () => {
  for (const name of ['up', 'status', 'links', 'routes', 'ping', 'trace', 'top', 'demo', 'bench', 'sim', 'keygen'])
    assert.ok(names.includes(name), name);
});

for (const name of names.filter((other) => other !== 'bench'))
  test(`the help of ${name} says what it does, with an example`, () => {
    const command = buildProgram().commands.find((other) => other.name() === name);
    let help = '';
    command?.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
    assert.match(help, new RegExp(`Usage: portolan.* ${name}`));
    assert.match(help, /\nExamples:\n {2}\$ \S/);
    assert.ok((command?.summary() ?? '').length > 10);
  });

test('the help of bench is that of the suite', async () => {
  const { code, stdout } = await portolan(['bench', '--help']);
  assert.is(code, 0);
  for (const part of ['forward', 'latency', 'failover', 'load', 'sink', 'Examples:'])
    assert.ok(stdout.includes(part), part);
});

test('portolan alone and with --help shows every command', async () => {
  const { code, stdout } = await portolan(['--help']);
  assert.is(code, 0);
  for (const name of names) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
});

test('--version prints the version of package.json', async () => {
  const { code, stdout } = await portolan(['--version']);
  assert.is(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

const WRONG: readonly (readonly [args: readonly string[], said: RegExp])[] = [
  [['sing'], /unknown command 'sing'/],
  [['stats'], /Did you mean status\?/],
  [['ping'], /missing required argument 'destination'/],
  [['ping', '1.1.1'], /a node id such as 1\.1\.1\.2/],
  [['ping', '1.1.1.2', '--count', '0'], /a number from 1 to/],
  [['ping', '1.1.1.2', '--interval', 'soon'], /a duration such as/],
  [['trace', '1.1.1.2', '--loud'], /unknown option '--loud'/],
  [['status', '--admin', '/nowhere/at/all.sock'], /no node answers at \/nowhere\/at\/all\.sock \(ENOENT\)/],
  [['status', '--admin', 'nonsense'], /the id of a local node, the path of a unix socket, or HOST:PORT/],
  [['top'], /top needs a terminal.*--json/],
  [['up'], /expected the node's id/],
  [['up', '--id', '1.1.1.2', '--listen', 'quic://0.0.0.0:1'], /udp:\/\/192\.0\.2\.1:7000/],
  [['up', '--id', '1.1.1.2', '--peer', '1.1.1.2@udp://127.0.0.1:7000'], /peers\[0\]: expected another node's id/],
  [['up', '--config', '/nowhere.yaml'], /\/nowhere\.yaml: the configuration cannot be read \(ENOENT\)/],
];

async function isRefused([args, expected]: (typeof WRONG)[number]): Promise<void> {
  const { code, stdout, stderr } = await portolan(args);
  assert.is(code, 2, `${args.join(' ')}: ${stderr}`);
  assert.match(stderr, expected);
  assert.is(stdout, '');
}

test('wrong use exits 2 and says why', async () => {
  for (let next = 0; next < WRONG.length; next += 3) await Promise.all(WRONG.slice(next, next + 3).map(isRefused));
});

test('a bad key in the environment is told, and not repeated', async () => {
  const { code, stderr } = await portolan(['up', '--id', '1.1.1.2'], { PORTOLAN_NETWORK_KEY: 'too short' });
  assert.is(code, 2);
  assert.match(stderr, /PORTOLAN_NETWORK_KEY: expected 64 hexadecimal digits, 32 bytes, or a passphrase/);
  assert.not.match(stderr, /too short/);
});

test('keygen prints 64 hexadecimal digits, others each time', async () => {
  const [first, second] = await Promise.all([portolan(['keygen']), portolan(['keygen', '--json'])]);
  assert.match(first.stdout, /^[0-9a-f]{64}\n$/);
  const { networkKey } = parseAs('keygen', second.stdout) as { networkKey: string };
  assert.is.not(networkKey, first.stdout.trim());
});

test.run();
