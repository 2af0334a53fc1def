/** Builds the C baselines when a bench first needs them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The path of the program built from `bench/baseline/NAME.c`. Throws with the compiler's words when it cannot be built. */
export function baseline(name: string): string {
  const source = join(root, 'bench', 'baseline', `${name}.c`);
  const program = join(root, 'build', 'bench', name);
  if (existsSync(program) && statSync(program).mtimeMs >= statSync(source).mtimeMs) return program;
  mkdirSync(dirname(program), { recursive: true });
  const compiler = process.env['CC'] ?? 'cc';
  execFileSync(compiler, ['-O2', '-Wall', '-Wextra', '-pthread', '-o', program, source], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return program;
}

/** The folder that holds package.json: the sources of the baselines are not in dist. */
function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) ? from : findRoot(dirname(from));
}
