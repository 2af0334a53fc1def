import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Progress, runSimulations } from '../../ts/sim/pool.js';
import { runSimulation } from '../../ts/sim/run.js';

test('runs are spread over threads, and add up to what they are one by one', async () => {
  const told: Progress[] = [];
  const result = await runSimulations({ runs: 3, seed: 11, nodes: 5, threads: 2, onProgress: (p) => told.push(p) });
  const alone = [11, 12, 13].map((seed) => runSimulation({ seed, nodes: 5 }));
  assert.is(result.runs, 3);
  assert.is(result.seed, 11);
  assert.equal(result.failures, []);
  assert.equal([result.loops, result.labelInversions, result.unconverged], [0, 0, 0]);
  assert.is(
    result.changes,
    alone.reduce((sum, { changes }) => sum + changes, 0),
  );
  assert.equal(
    told.map(({ done, runs, failed }) => ({ done, runs, failed })),
    [1, 2, 3].map((done) => ({ done, runs: 3, failed: 0 })),
  );
});

test('a run that fails is named with the command that replays it', async () => {
  const result = await runSimulations({
    runs: 2,
    seed: 1,
    nodes: 8,
    threads: 1,
    rules: { feasibility: false },
  });
  assert.ok(result.loops > 0);
  assert.ok(result.failures.length > 0);
  for (const { seed, command, problems } of result.failures) {
    assert.is(command, `portolan sim --seed ${seed} --nodes 8 --without feasibility`);
    assert.ok(problems.length > 0);
  }
});

test('a signal ends it', async () => {
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('enough'));
  try {
    await runSimulations({ runs: 50, seed: 1, nodes: 6, threads: 1, onProgress, signal: controller.signal });
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), 'enough');
  }
});

test.run();
