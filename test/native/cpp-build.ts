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

const run = promisify(execFile);

export function hasCompiler(): boolean {
  try {
    execFileSync('g++', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** Builds test/native/cpp with the core of native/ (two files at a time; what has not changed is kept). Returns the program. */
export async function buildNativeTest(): Promise<string> {
  const folder = join(root, 'build/test-native');
  mkdirSync(folder, { recursive: true });
  const sources = [...listed('native'), ...listed('test/native/cpp')];
  const common = sources
    .filter((name) => name.endsWith('.h'))
    .map(read)
    .join('');
  const queue = sources.filter((name) => name.endsWith('.cc') && !NODE_ONLY.test(name));
  const objects = queue.map((name) => join(folder, `${name.replaceAll('/', '-')}.o`));
  const compile = async (name: string, object: string) => {
    const stamp = createHash('sha256').update(common).update(read(name)).digest('hex');
    if (existsSync(object) && existsSync(`${object}.stamp`) && readFileSync(`${object}.stamp`, 'utf8') === stamp)
      return;
    const flags = ['-std=c++20', '-O0', '-g', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined'];
    await run('g++', [...flags, '-fno-sanitize-recover', '-Inative', '-c', name, '-o', object], { cwd: root });
    writeFileSync(`${object}.stamp`, stamp);
  };
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < queue.length; i = next++) await compile(queue[i] as string, objects[i] as string);
  };
  await Promise.all([lane(), lane()]);
  const program = join(folder, 'native-test');
  await run('g++', ['-fsanitize=address,undefined', ...objects, '-o', program]);
  return program;
}

const listed = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => /\.(cc|h)$/.test(name))
    .map((name) => `${folder}/${name}`);

const read = (name: string): string => readFileSync(join(root, name), 'utf8');
