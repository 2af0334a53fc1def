// Builds the native packet path. With --optional (the postinstall script) a machine that cannot build it is told what is missing
// and what follows, and that is all: Portolan then runs on its portable twin.
//
//   node native/build.mjs [--optional [--quiet]] [--force]          PORTOLAN_NO_NATIVE=1 skips it
//
// `npm run build` calls it too (quietly), so that an addon never lags behind its sources.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const addon = join(root, 'build/Release/portolan.node');
const stampFile = join(root, 'build/Release/portolan.stamp');
const optional = process.argv.includes('--optional');
const quiet = process.argv.includes('--quiet');
/** Downloading headers from a host that swallows packets must not hold up an installation. */
const DOWNLOAD_TIMEOUT_MS = 30_000;
const BUILD_TIMEOUT_MS = 300_000;

main();

function main() {
  if (process.env.PORTOLAN_NO_NATIVE === '1') return;
  const stamp = stampOfSources();
  if (!process.argv.includes('--force') && existsSync(addon) && readIfThere(stampFile) === stamp) return;
  const problem = missingTool() ?? build();
  if (problem === undefined) return writeStamp(stamp);
  if (optional && quiet) return;
  console.error(`portolan: the native packet path was not built: ${problem}`);
  console.error(
    'portolan: it runs on the portable packet path instead, which is slower but does the same (`portolan status` says which).',
  );
  console.error('portolan: `npm run build:native` tries again.');
  process.exitCode = optional ? 0 : 1;
}

/** What a build depends on: the sources, the headers of node-addon-api, node's ABI and the machine's kind. */
function stampOfSources() {
  const hash = createHash('sha256').update(`${process.versions.modules} ${process.platform} ${process.arch}`);
  const sources = readdirSync(join(root, 'native'))
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => `native/${name}`);
  for (const name of ['binding.gyp', ...sources]) hash.update(name).update(readFileSync(join(root, name)));
  hash.update(readIfThere(join(root, 'node_modules/node-addon-api/package.json')) ?? '');
  return hash.digest('hex');
}

/** What this machine lacks, in words; undefined when it has all. */
function missingTool() {
  if (process.platform !== 'linux') return `it is for Linux, and this is ${process.platform}`;
  if (!resolves('node-addon-api')) return 'the package node-addon-api is missing (npm ci brings it)';
  if (!nodeGyp()) return "npm's node-gyp was not found";
  const compiler = process.env.CXX?.split(' ')[0] || ['g++', 'clang++', 'c++'].find(onPath);
  const missing = [];
  if (!compiler || !(onPath(compiler) || existsSync(compiler))) missing.push('a C++ compiler (g++)');
  if (!onPath('make') && !onPath('gmake')) missing.push('make');
  if (!['python3', 'python'].some(onPath) && !process.env.PYTHON) missing.push('python3');
  return missing.length > 0 ? `${missing.join(', ')} missing (Debian: apt install g++ make python3)` : undefined;
}

/** Configures and compiles; the reason when it fails. */
function build() {
  const gyp = nodeGyp();
  const headers = headersBesideNode();
  const where = headers ? [`--nodedir=${headers}`] : [];
  if (!headers) {
    const download = run([gyp, 'install', '--ensure'], DOWNLOAD_TIMEOUT_MS);
    if (download.status !== 0)
      return `node's headers are neither beside ${process.execPath} nor could they be downloaded (${lastLine(download)})`;
  }
  const built = run([gyp, 'rebuild', '--jobs=max', ...where], BUILD_TIMEOUT_MS);
  if (built.status === 0 && existsSync(addon)) return undefined;
  console.error(built.stderr.split('\n').slice(-40).join('\n'));
  return `the compiler or node-gyp failed (${lastLine(built)})`;
}

function run(args, timeout) {
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout, maxBuffer: 64 << 20 });
}

function lastLine({ error, signal, stdout, stderr }) {
  if (error) return error.message;
  if (signal) return `stopped by ${signal}`;
  const errors = `${stdout}\n${stderr}`.split('\n').filter((line) => /error|ERR!/i.test(line));
  return (errors.find((line) => /error:/.test(line)) ?? errors.at(0) ?? 'no message').trim();
}

/** The prefix of the running node when its own headers lie there. */
function headersBesideNode() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const header = readIfThere(join(prefix, 'include/node/node_version.h'));
  if (!header) return undefined;
  const number = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(header)?.[1];
  const version = ['MAJOR', 'MINOR', 'PATCH'].map(number).join('.');
  return version === process.versions.node ? prefix : undefined;
}

/** node-gyp as npm brings it along: the npm that runs us, or the one beside node. */
function nodeGyp() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const npmFolders = [
    process.env.npm_execpath && dirname(dirname(process.env.npm_execpath)),
    join(prefix, 'lib/node_modules/npm'),
    join(prefix, 'share/nodejs/npm'),
  ];
  const candidates = npmFolders.filter(Boolean).map((folder) => join(folder, 'node_modules/node-gyp/bin/node-gyp.js'));
  return candidates.find((file) => existsSync(file));
}

function resolves(name) {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`);
    return true;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return false;
    throw error;
  }
}

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder && existsSync(join(folder, name)));
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function writeStamp(stamp) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}
