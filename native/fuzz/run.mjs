// Builds the fuzz targets with clang and libFuzzer and runs each for some seconds. A crash leaves its input in build/fuzz.
//
//   node native/fuzz/run.mjs [SECONDS] [TARGET]
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'build/fuzz');
const seconds = Number(process.argv[2] ?? 20);
const wanted = process.argv[3] ?? '';
const clang = ['clang++', 'clang++-14', 'clang++-16', 'clang++-18'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

if (!clang) {
  console.log(
    'fuzz:native is skipped: there is no clang++ with libFuzzer (Debian: apt install clang libclang-rt-14-dev)',
  );
  process.exit(0);
}
mkdirSync(folder, { recursive: true });
const core = readdirSync(join(root, 'native'))
  .filter((name) => name.endsWith('.cc') && !/addon|wrap/.test(name))
  .map((name) => `native/${name}`);
const targets = readdirSync(join(root, 'native/fuzz'))
  .filter((name) => name.endsWith('.cc'))
  .map((name) => name.replace('.cc', ''))
  .filter((name) => name.includes(wanted));

for (const target of targets) {
  const program = join(folder, target);
  const flags = ['-std=c++20', '-O1', '-g', '-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=undefined'];
  must(clang, [...flags, '-Inative', ...core, 'test/native/cpp/world.cc', `native/fuzz/${target}.cc`, '-o', program]);
  const corpus = join(folder, `${target}-corpus`);
  mkdirSync(corpus, { recursive: true });
  must(program, [
    `-max_total_time=${seconds}`,
    '-print_final_stats=1',
    `-artifact_prefix=${folder}/${target}-`,
    '-max_len=8192',
    corpus,
  ]);
}

function must(command, args) {
  console.log(`${command.split('/').at(-1)} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
