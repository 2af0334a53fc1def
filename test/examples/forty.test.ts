/** The example of forty processes, with six: it must go on to run, keep what it promises, and take its nodes along. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const MAIN = fileURLToPath(new URL('../../examples/forty/main.js', import.meta.url));
const SMALL = ['--nodes', '6', '--kills', '1'];

interface Result {
  readonly nodes: number;
  readonly reach: { readonly pairs: number; readonly missing: readonly string[] };
  readonly linksAtFirst: { readonly mostChosen: number };
  readonly kills: readonly { readonly id: string }[];
  readonly reachAfter: { readonly pairs: number; readonly missing: readonly string[] };
  readonly shown: readonly { readonly command: string; readonly output: string; readonly code: number }[];
  readonly promises: readonly { readonly what: string; readonly isKept: boolean | null }[];
}

test('six nodes with one address each find each other, one is killed, the others reach each other still', async () => {
  const child = start([...SMALL, '--json']);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  assert.ok(stdout.startsWith('{'), stderr);
  const result = JSON.parse(stdout) as Result;
  assert.is(result.reach.pairs, 30);
  assert.equal(result.reach.missing, []);
  assert.ok(result.linksAtFirst.mostChosen >= 1 && result.linksAtFirst.mostChosen <= 32);
  assert.is(result.kills.length, 1);
  assert.is(result.reachAfter.pairs, 20);
  assert.equal(result.reachAfter.missing, []);
  assert.match(result.shown[0]?.output ?? '', /^TRACE .* by the tables|^TRACE .* pinned/);
  assert.match(result.shown[2]?.output ?? '', /primary/);
  // The silence of a flow depends on how busy the machine is, so only its being told is looked at here.
  assert.is(code, result.promises.some(({ isKept }) => isKept === false) ? 1 : 0);
  assert.match(stderr, /kept {4}every node reaches every other +30 of 30 pairs/);
});

test('a signal ends it and takes its nodes and its files along', async () => {
  const child = start(SMALL);
  await once(child.stdout, 'data'); // the line before the first node is started
  const nodes = await someChildren(child.pid ?? 0);
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  assert.is(code, 1);
  for (const pid of nodes) while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve));
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith(`portolan-forty-${child.pid}-`));
  assert.equal(left, []);
});

test('wrong use is told', async () => {
  const child = start(['--nodes', '1000']);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  assert.is(code, 2);
  assert.match(stderr, /--nodes: expected a whole number from 4 to 48, got "1000"/);
});

function start(args: readonly string[]) {
  return spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function someChildren(pid: number): Promise<number[]> {
  const file = `/proc/${pid}/task/${pid}/children`;
  for (;;) {
    const pids = existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : [];
    if (pids.length > 0) return pids;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // collected
  }
}

test.run();
