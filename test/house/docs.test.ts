/** Every TypeScript example in the documentation compiles against the package as users import it. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = join(root, 'build', `docs-${process.pid}`);

const pages = ['README.md', ...markdownBelow('docs'), ...markdownBelow('ts'), ...markdownBelow('examples')];

function markdownBelow(name: string): string[] {
  try {
    return readdirSync(join(root, name), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(name, file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The fenced TypeScript blocks of a page, each with the line on which it starts. */
function* fences(text: string): Generator<{ line: number; code: string }> {
  for (const match of text.matchAll(/^```ts\n([\s\S]*?)^```/gm))
    yield { line: text.slice(0, match.index).split('\n').length, code: match[1] as string };
}

test('examples in the documentation compile', async () => {
  mkdirSync(folder, { recursive: true });
  try {
    let examples = 0;
    for (const page of pages) {
      let text: string;
      try {
        text = readFileSync(join(root, page), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw error;
      }
      for (const { line, code } of fences(text)) {
        const file = join(folder, `${page.replace(/[/.]/g, '-')}-line-${line}.ts`);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, `${code}\nexport {};\n`);
        examples++;
      }
    }
    if (examples === 0) return;
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: {
          rootDir: '../..',
          noEmit: true,
          incremental: false,
          tsBuildInfoFile: null,
          noUnusedLocals: false,
          noUnusedParameters: false,
        },
        include: ['*.ts'],
      }),
    );
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const problem = await promisify(execFile)(tsc, ['-p', folder]).then(
      () => '',
      (error: { stdout?: string; message: string }) => error.stdout || error.message,
    );
    assert.is(problem, '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
