import { stripVTControlCharacters } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { portolan } from './run-cli.js';
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

test.run();
