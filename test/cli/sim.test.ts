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
  assert.match(stdout, /0 loops, 0 label inversions, converged after/);
});

test.run();
