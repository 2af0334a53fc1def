import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('the example of the README runs as it stands there', async () => {
  const readme = new URL('../../../ts/memory/sharedarraybuffer-queue/README.md', import.meta.url);
  const example = /```ts\n(.*?)```/s.exec(await readFile(readme, 'utf8'))?.[1] ?? '';
  assert.match(example, "from 'portolan/sharedarraybuffer-queue'");
  const { code } = await transform(example, { loader: 'ts', format: 'esm', target: 'node20' });
  const file = new URL(`./readme-example-${process.pid}.mjs`, import.meta.url);
  await writeFile(file, code);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file.pathname]);
    assert.is(stdout, '100000 records, sum 4999950000\n');
  } finally {
    await rm(file);
  }
});

test.run();
