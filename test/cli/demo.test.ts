import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { outcomeOf, portolan, spawnPortolan } from './run-cli.js';
import { parseAs } from './schemas.js';

interface Demo {
  readonly rate: number;
  readonly failover: { readonly from: string; readonly to: string; readonly silenceMs: number };
}

test('the demonstration runs to its end, in plain lines that fit 100 columns, and tells its result as JSON', async () => {
  // With --json the lines go to standard error, and are the same.
  const { code, stdout, stderr } = await portolan(['demo', '--json', '--seconds', '1s']);
  assert.is(code, 0, stderr);
  for (const line of stderr.split('\n')) assert.ok(line.length <= 100, `${line.length}: ${line}`);
  assert.is(stderr, stripVTControlCharacters(stderr), 'no colours where nobody looks');
  for (const part of [
    /source 1\.1\.1\.1/,
    /Packet path: (native|portable)/,
    /is killed \(SIGKILL\)/,
    /(the flow goes on by|the flow had moved to) 1\.1\.1\.[24]/,
    /What to try next/,
  ])
    assert.match(stderr, part);

  const result = parseAs('demo', stdout) as Demo;
  assert.ok(result.rate > 0);
  assert.is.not(result.failover.from, result.failover.to);
  assert.ok(result.failover.silenceMs > 0);
});

test('npm start without arguments is the demonstration; a signal ends it and takes its nodes along', async () => {
  const child = spawnPortolan([], { npm_lifecycle_event: 'start' });
  const ending = outcomeOf(child);
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  const nodes = await childrenOf(child.pid ?? 0);
  assert.ok(nodes.length >= 2, 'the relays have been started');
  child.kill('SIGTERM');
  const { code, stdout } = await ending;
  assert.is(code, 1);
  assert.match(stdout, /^Portolan\nFour nodes start/);
  for (const pid of nodes) await ended(pid);
});

/** Waits until there are some: the first line is printed before the first node is started. */
async function childrenOf(pid: number): Promise<number[]> {
  for (;;) {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    if (pids.length >= 2) return pids;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve));
}

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')); // a dead process may wait for whoever collects orphans
  } catch {
    return false; // collected
  }
}

test.run();
