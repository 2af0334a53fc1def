/** Compiles the native code with its own tests, outside of Node, with the address and undefined-behaviour sanitizers. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Parts that only make sense within Node. */
const NODE_ONLY = /addon|wrap/;
const VECTOR_CODE = /siphash_/;

const run = promisify(execFile);

export function hasCompiler(): boolean {
  try {
    execFileSync('g++', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/**
 * Builds test/native/cpp with the core of native/ and returns the program. All in one translation unit, for most of the time goes into reading the standard
 * headers; but for the vector code, which defines the same names once an instruction set. What has not changed is kept.
 */
export async function buildNativeTest(): Promise<string> {
  const folder = join(root, 'build/test-native');
  mkdirSync(folder, { recursive: true });
  const files = [...listed('native'), ...listed('test/native/cpp')];
  const sources = files.filter((name) => name.endsWith('.cc') && !NODE_ONLY.test(name));
  const apart = sources.filter((name) => VECTOR_CODE.test(name));
  const together = sources.filter((name) => !VECTOR_CODE.test(name));
  const program = join(folder, 'native-test');
  const stamp = createHash('sha256').update(files.map(read).join('')).digest('hex');
  const stampFile = `${program}.stamp`;
  if (existsSync(program) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return program;

  const whole = join(folder, 'all.cc');
  writeFileSync(whole, together.map((name) => `#include "${join(root, name)}"\n`).join(''));
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover'];
  const flags = ['-std=c++20', '-O0', '-g', '-Wall', '-Wextra', '-Werror', ...sanitizers, '-Inative'];
  const objects = await Promise.all(
    [whole, ...apart].map(async (name, index) => {
      const object = join(folder, `${index}.o`);
      await run('g++', [...flags, '-c', name, '-o', object], { cwd: root });
      return object;
    }),
  );
  await run('g++', [...sanitizers, ...objects, '-o', program]);
  writeFileSync(stampFile, stamp);
  return program;
}

const listed = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => `${folder}/${name}`);

const read = (name: string): string => readFileSync(join(root, name), 'utf8');
