import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../ts/kit/random.js';
import { buildNativeTest, hasCompiler, root } from './cpp-build.js';

if (!hasCompiler()) {
  test('there is no g++ here, so native code is not tested by itself', () => assert.not.ok(hasCompiler()));
} else {
  const program = await buildNativeTest();
  const run = (args: readonly string[], input = '') => execFileSync(program, args, { encoding: 'utf8', input });

  test('C++ makes the tags of the golden vectors', () => {
    const folder = join(root, 'test/vectors');
    const files = readdirSync(folder).filter((name) => name.endsWith('.vector'));
    const output = run(['vectors', ...files.map((name) => join(folder, name))]);
    assert.is(output.match(/^ok /gm)?.length, files.length);
  });

  test('all implementations of tags agree', () => {
    assert.match(run(['tags']), /ok scalar/);
  });

  test('the replay window accepts each counter once, and none older than 4096', () => {
    for (const seed of [1, 2, 3]) {
      const counters = randomCounters(seed);
      const lines = run(['window'], counters.map((counter) => counter % 2 ** 32).join('\n'))
        .trim()
        .split('\n');
      const seen = new Set<number>();
      let highest = 0;
      for (const [i, counter] of counters.entries()) {
        const fresh = counter >= 1 && counter > highest - 4096 && !seen.has(counter);
        assert.is(lines[i], `${fresh ? 'accepted' : 'refused'} ${counter}`, `seed ${seed}, counter ${i}`);
        seen.add(counter);
        highest = Math.max(highest, counter);
      }
    }
  });

  test('the replay window takes rows of counters as it takes them one by one', () => {
    assert.match(run(['window-rows']), /ok/);
  });

  test('a program hears of each error what its kernel makes of it', () => {
    assert.match(run(['packet-errors']), /^(not allowed\n)*ok/);
  });

  test('a socket whose kernel refuses segmentation loses GSO after two runs, and no frame', () => {
    assert.match(run(['gso-loss']), /ok/);
  });
}

/** Counters of a session that is disturbed in every way, and passes 2^32 and 2^33. */
function randomCounters(seed: number): number[] {
  const random = seededRandom(seed);
  const counters = [1, 1, 0, 2, 4097, 2, 1];
  let highest = 4097;
  for (let i = 0; i < 6000; i++) {
    const kind = random.below(100);
    if (kind < 50) highest += 1;
    else if (kind < 60) highest += random.below(100);
    else if (kind < 61) highest += 4090 + random.below(10);
    else if (kind < 62) highest += random.below(2 ** 30);
    const back = kind < 62 ? 0 : kind < 97 ? random.below(70) : random.below(8000);
    counters.push(Math.max(1, highest - back));
  }
  return counters;
}

test.run();
