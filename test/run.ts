/**
 * Runs every test file of `dist/test` in a process of its own, two at a time, and prints the real totals. uvu exits 0 when a file
 * forgets `.run()`, and has no time-out: so a file that reports no test, or takes too long, counts as failed.
 *
 * Usage: node dist/test/run.js [part of a file's name ...]
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const FILE_TIMEOUT_MS = 120_000;
const root = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();

let passed = 0;
let failed = 0;

async function runFile(name: string): Promise<void> {
  const started = performance.now();
  const { output, code, timedOut } = await runProcess(`${root}${name}`);
  const total = Number(/^ {2}Total: +(\d+)/m.exec(output)?.[1] ?? 0);
  const good = Number(/^ {2}Passed: +(\d+)/m.exec(output)?.[1] ?? 0);
  let bad = total - good;
  let problem = '';
  if (timedOut) problem = `took longer than ${FILE_TIMEOUT_MS / 1000} s`;
  else if (total === 0) problem = 'ran no test (is .run() missing?)';
  else if (code !== 0 && bad === 0) problem = `exited with code ${code} after its tests`;
  if (problem) bad = Math.max(bad, 1);
  passed += good;
  failed += bad;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${bad ? 'FAIL' : 'ok  '} ${name.replace(/\.js$/, '')}  ${good}/${total}  ${seconds} s ${problem}`);
  // Seeds that chance has drawn must be known afterwards, whatever came of them.
  for (const [line] of output.matchAll(/fresh seeds: [0-9 ]+/g)) console.log(`     ${line}`);
  if (bad) console.log(output);
}

function runProcess(file: string): Promise<{ output: string; code: number | null; timedOut: boolean }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
      detached: true,
    });
    let output = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid) process.kill(-child.pid, 'SIGKILL'); // the whole group: tests start processes of their own
    }, FILE_TIMEOUT_MS);
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ output, code, timedOut });
    });
  });
}

const queue = [...files];
const lanes = Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runFile(next);
});
await Promise.all(lanes);

if (files.length === 0) {
  console.log('No test file matches.');
  failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
