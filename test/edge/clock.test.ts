import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { monotonicNow } from '../../ts/edge/clock.js';

/** How far `monotonicNow` is behind the machine's clock: the least of many looks, for a look may be interrupted. */
const MEASURE = `
  let least = Infinity;
  for (let look = 0; look < 200; look++) {
    const before = monotonicNow();
    const [seconds, nanoseconds] = process.hrtime();
    least = Math.min(least, Math.abs(seconds * 1000 + nanoseconds / 1e6 - before));
  }
`;

test('all processes read the same clock, to a few microseconds', () => {
  const clock = fileURLToPath(new URL('../../ts/edge/clock.js', import.meta.url));
  for (let other = 0; other < 5; other++) {
    const script = `const { monotonicNow } = await import(${JSON.stringify(clock)}); ${MEASURE} console.log(least);`;
    const offset = Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
    assert.ok(offset < 0.05, `${offset} ms off`);
  }
});

test('it never runs backwards', () => {
  let last = monotonicNow();
  for (let look = 0; look < 10_000; look++) {
    const now = monotonicNow();
    assert.ok(now >= last);
    last = now;
  }
});

test.run();
