/** Whole nodes that choose their neighbours, under faults: limits are kept, rings close, everybody reaches everybody. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { replayCommand, runSimulation } from '../../ts/sim/run.js';

const FRESH_SEED = Math.floor(Math.random() * 0x1_0000_0000);

for (const [seed, nodes, neighbours] of [
  [1, 8, 8],
  [2, 12, 5],
  [3, 10, 32],
  [FRESH_SEED, 8, 6],
] as const) {
  const command = replayCommand(seed, { nodes, neighbours });
  test(`a network that finds itself again: ${command}`, () => {
    const result = runSimulation({ seed, nodes, neighbours });
    assert.equal(result.problems, [], `replay with: ${command}`);
    assert.equal([result.loops, result.labelInversions, result.escapes, result.unconverged], [0, 0, 0, 0], command);
  });
}

test.run();
