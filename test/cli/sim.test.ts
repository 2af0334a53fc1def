import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { portolan } from './run-cli.js';
import { parseAs } from './schemas.js';

test('runs are counted, and well', async () => {
  const { code, stdout, stderr } = await portolan(['sim', '--runs', '2', '--seed', '7', '--nodes', '4', '--json']);
  assert.is(code, 0, stderr);
  const { runs, seed, loops, failures } = parseAs('sim', stdout) as {
    readonly runs: number;
    readonly seed: number;
    readonly loops: number;
    readonly failures: readonly object[];
  };
  assert.equal({ runs, seed, loops, failures }, { runs: 2, seed: 7, loops: 0, failures: [] });
});

test('one seed is replayed a line an event', async () => {
  const { code, stdout, stderr } = await portolan(['sim', '--seed', '7', '--nodes', '4']);
  assert.is(code, 0, stderr);
  assert.ok(stdout.split('\n').length > 50);
  assert.match(stdout, /link \d+ to [\d.]+ is up/);
  assert.match(stdout, /0 loops, 0 label inversions, 0 broken promises of pins, converged after/);
});

test('scenes: the checker sees what each rule prevents, and the command tells what it says', async () => {
  const all = await portolan(['sim', 'scenes', '--json']);
  assert.is(all.code, 0, all.stderr);
  const scenes = parseAs('sim scenes', all.stdout) as { name: string; isAsExpected: boolean }[];
  assert.ok(scenes.length >= 11);
  assert.ok(scenes.every(({ isAsExpected }) => isAsExpected));
  const one = await portolan(['sim', 'scenes', 'labelNeverRises']);
  assert.match(one.stdout, /labelNeverRises +0 loops, 0 inversions +[1-9]\d* loops/);
  assert.match(one.stdout, /its label rose from/);
  const wrong = await portolan(['sim', 'scenes', 'labelsAreGreen']);
  assert.is.not(wrong.code, 0);
});

test('without a rule random networks loop, and the command says which', async () => {
  const { code, stdout } = await portolan(['sim', '--runs', '2', '--nodes', '8', '--without', 'feasibility']);
  assert.is(code, 1);
  assert.match(stdout, /[1-9]\d* loops/);
  assert.match(stdout, 'portolan sim --seed 1 --nodes 8 --without feasibility');
});

test('routers are run in blocks, and a journal keeps what is done', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-routers-'));
  try {
    const journal = join(folder, 'journal');
    const args = ['sim', 'routers', '--seed', '7', '--nodes', '4', '--journal', journal, '--json'];
    const [first, second] = [
      await portolan([...args, '--runs', '50']),
      await portolan([...args, '--runs', '52']),
    ] as const;
    for (const { code, stderr } of [first, second]) assert.is(code, 0, stderr);
    const [before, after] = [first, second].map(({ stdout }) => parseAs('sim routers', stdout)) as [Sums, Sums];
    assert.equal([before.runs, after.runs, after.loops], [50, 52, 0]);
    assert.ok(after.changes > before.changes);
    const lines = readFileSync(journal, 'utf8').trim().split('\n');
    assert.equal(
      lines.map((line) => (JSON.parse(line) as { block: object }).block),
      [
        { seed: 7, runs: 50, nodes: 4 },
        { seed: 57, runs: 2, nodes: 4 },
      ],
    );
    const other = await portolan(['sim', 'routers', '--runs', '1', '--journal', journal]);
    assert.is(other.code, 2);
    assert.match(other.stderr, /holds runs with other --nodes/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('one network of routers is replayed a line a fault', async () => {
  const { code, stdout, stderr } = await portolan(['sim', 'routers', '--seed', '7', '--nodes', '4']);
  assert.is(code, 0, stderr);
  assert.match(stdout, /ms: \S+ crashes, and returns after/);
  assert.match(stdout, /0 loops, 0 label inversions, right again after \d+ ms/);
});

test('several planets side by side add up', async () => {
  const args = ['--nodes', '16', '--links', '6', '--rest', '0', '--seconds', '0', '--runs', '2', '--seed', '9'];
  const { code, stdout, stderr } = await portolan(['sim', 'planet', ...args, '--json']);
  assert.is(code, 0, stderr);
  const result = parseAs('sim planet --runs', stdout) as { readonly planets: readonly { readonly seed: number }[] };
  assert.equal(
    result.planets.map(({ seed }) => seed),
    [9, 10],
  );
  const plain = await portolan(['sim', 'planet', ...args]);
  assert.match(plain.stdout, /2 planets in \d+ s/);
  const plots = await portolan(['sim', 'planet', ...args, '--svg', 'x']);
  assert.is(plots.code, 2);
});

interface Sums {
  readonly runs: number;
  readonly loops: number;
  readonly changes: number;
}

test('a planet is reported as JSON, with progress apart and plots in files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-planet-'));
  try {
    const args = [
      '--nodes',
      '20',
      '--links',
      '8',
      '--rest',
      '0',
      '--seconds',
      '2',
      '--event',
      'flap',
      '--svg',
      folder,
      '--json',
    ];
    const { code, stdout, stderr } = await portolan(['sim', 'planet', ...args]);
    assert.is(code, 0, stderr);
    const { nodes, happened } = parseAs('sim planet', stdout) as {
      readonly nodes: number;
      readonly happened: readonly string[];
    };
    assert.is(nodes, 20);
    assert.match(happened.join(), /links flap/);
    assert.equal(readdirSync(folder).sort(), ['hops.svg', 'stretch.svg', 'timeline.svg']);
    for (const file of readdirSync(folder)) assert.match(readFileSync(join(folder, file), 'utf8'), /^<svg[^]*<path/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the path optimiser has its part of the report, and its plot', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-plots-'));
  try {
    const shape = ['--nodes', '20', '--links', '6', '--seconds', '0', '--classes', '2'];
    const { code, stdout, stderr } = await portolan(['sim', 'planet', ...shape, '--optimise', '--svg', folder]);
    assert.is(code, 0, stderr);
    assert.match(stdout, /with the optimiser/);
    assert.match(stdout, /flows, of which the optimiser found a better path/);
    assert.match(readFileSync(join(folder, 'optimised.svg'), 'utf8'), /^<svg[^]*<path/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('route queries are held against an exhaustive search', async () => {
  const flat = ['sim', 'queries', '--nodes', '25', '--flat', '3.5', '--queries', '40'];
  const { code, stdout, stderr } = await portolan([...flat, '--json']);
  assert.is(code, 0, stderr);
  const { nodes, possible, met } = parseAs('sim queries', stdout) as Record<string, number>;
  assert.is(nodes, 25);
  assert.ok((possible ?? 0) > 10 && (met ?? 0) > 0.9 * (possible ?? 0));
  assert.match((await portolan(flat)).stdout, /met: .* of \d+ queries/);
  const bad = await portolan(['sim', 'queries', '--flat', '1']);
  assert.is(bad.code, 1);
  assert.match(bad.stderr, /a number from 2 to 100/);
});

test('a planet of measured times is reported as a table', async () => {
  const [one, other] = [1, 9].map((slice) =>
    fileURLToPath(new URL(`../../../test/vectors/planetlab/slice-${slice}.tsv`, import.meta.url)),
  ) as [string, string];
  const args = ['--rtt', one, '--rtt', other, '--links', '6', '--classes', '1', '--rest', '0', '--seconds', '2'];
  const { code, stdout, stderr } = await portolan(['sim', 'planet', ...args]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^48 nodes, \d+ links, 1 class, seed 1/);
  assert.match(stdout, /0 loops, 0 label inversions, 0 wrong slots/);
  assert.match(stdout, /round trip over the best relays +1\.\d\d/);
});

test('what is no matrix is wrong use, named with its file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-planet-'));
  try {
    const file = join(folder, 'bad.tsv');
    writeFileSync(file, '0\t1\n1\n');
    const { code, stderr } = await portolan(['sim', 'planet', '--rtt', file]);
    assert.is(code, 2);
    assert.match(stderr, /bad\.tsv: row 2 has 1 values, not 2/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
