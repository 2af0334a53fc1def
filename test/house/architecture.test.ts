/** The house's own rules, held by a machine: who imports whom, what pure code may touch, how long a file may be. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTERS } from '../../ts/memory/counter-names.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const MAX_LINES = 400;

/** Who may import whom, besides itself. `type` alone: interfaces only, which leave no trace at run time. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  index: ['node', 'apps', 'kit'],
  apps: ['node', 'sim', 'kit'],
  cli: ['index', 'node', 'sim', 'kit', 'bench'],
  sim: ['control', 'data', 'memory', 'wire', 'kit'],
  node: ['edge', 'control', 'memory', 'wire', 'kit', 'type data'],
  workers: ['edge', 'data', 'memory', 'wire', 'kit', 'type node'],
  edge: ['data', 'memory', 'wire', 'kit'],
  data: ['wire', 'memory', 'kit'],
  control: ['wire', 'kit'],
  memory: ['kit'],
  wire: ['kit'],
  kit: [],
};
const PURE = new Set(['kit', 'wire', 'memory', 'data', 'control', 'sim']);
const MAY_USE_NODE_IN_PURE: readonly RegExp[] = [/^ts\/sim\/(pool|worker|.*-worker)\.ts$/];

/** What pure code must not touch: time, chance and the world come in as arguments. */
const IMPURE: readonly [RegExp, string][] = [
  [/from 'node:/, 'imports a node: module'],
  [/\bDate\.now\b|\bnew Date\(\)/, 'reads the wall clock'],
  [/\bperformance\b|\bhrtime\b/, 'reads a clock'],
  [/\bMath\.random\b|\bcrypto\.getRandom/, 'makes random numbers'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'sets a timer'],
  [/\bprocess\./, 'looks at the process'],
];

interface SourceFile {
  readonly path: string;
  readonly layer: string;
  readonly text: string;
}

function filesBelow(folder: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|tsx|mjs|cc|h|c)$/.test(name) && !/(^|\/)gen\//.test(name))
    .map((name) => {
      const path = `${folder}/${name}`;
      return { path, layer: layerOf(path), text: readFileSync(join(root, path), 'utf8') };
    });
}

function layerOf(path: string): string {
  if (path === 'ts/index.ts') return 'index';
  const parts = path.split('/');
  return parts[0] === 'ts' ? (parts[1] as string) : (parts[0] as string);
}

const code = ['ts', 'workers'].flatMap(filesBelow);
const all = [...code, ...['bench', 'test', 'native', 'examples'].flatMap(filesBelow)];

function* importsOf(file: SourceFile): Generator<{ layer: string; typeOnly: boolean; specifier: string }> {
  for (const match of file.text.matchAll(
    /\b(import|export)\s+(type\s+)?[^'";]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g,
  )) {
    const specifier = (match[3] ?? match[4]) as string;
    const target = normalize(join(dirname(file.path), specifier));
    yield { layer: layerOf(target.replace(/\.js$/, '.ts')), typeOnly: match[2] !== undefined, specifier };
  }
}

test('each layer imports only what it may', () => {
  const wrong: string[] = [];
  for (const file of code) {
    const allowed = MAY_IMPORT[file.layer];
    if (!allowed) {
      wrong.push(`${file.path}: ${file.layer} is no layer`);
      continue;
    }
    for (const { layer, typeOnly, specifier } of importsOf(file)) {
      const fine = layer === file.layer || allowed.includes(layer) || (typeOnly && allowed.includes(`type ${layer}`));
      if (!fine) wrong.push(`${file.path} imports ${specifier}: ${file.layer} may not import ${layer}`);
    }
  }
  assert.equal(wrong, []);
});

test('pure layers touch no clock, no chance, no world', () => {
  const wrong: string[] = [];
  for (const file of code) {
    if (!PURE.has(file.layer) || MAY_USE_NODE_IN_PURE.some((pattern) => pattern.test(file.path))) continue;
    const bare = withoutComments(file.text);
    for (const [pattern, what] of IMPURE) if (pattern.test(bare)) wrong.push(`${file.path} ${what}`);
  }
  assert.equal(wrong, []);
});

test('no file is too long', () => {
  const long = all
    .map((file) => ({ path: file.path, lines: file.text.split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES);
  assert.equal(long, []);
});

test('every layer says what belongs there', () => {
  for (const layer of Object.keys(MAY_IMPORT)) {
    if (layer === 'index') continue;
    const folder = layer === 'workers' ? layer : `ts/${layer}`;
    if (filesBelow(folder).length > 0) assert.ok(existsSync(join(root, folder, 'README.md')), `${folder}/README.md`);
  }
});

test('every test file runs its tests', () => {
  const silent = filesBelow('test').filter(
    ({ path, text }) => path.endsWith('.test.ts') && !/^\w*\.?run\(\);$/m.test(text),
  );
  assert.equal(
    silent.map(({ path }) => path),
    [],
  );
});

test('every counter has a sentence of its own', () => {
  for (const { name, sentence } of COUNTERS) assert.match(sentence, /^[A-Z].{15,}\.$/, name);
  assert.is(new Set(COUNTERS.map(({ sentence }) => sentence)).size, COUNTERS.length);
  assert.is(new Set(COUNTERS.map(({ name }) => name)).size, COUNTERS.length);
});

test('every counter is counted somewhere', () => {
  const sources = [...code, ...filesBelow('native')].filter(({ path }) => !/counter-names\.ts$|layout\.h$/.test(path));
  const unused = COUNTERS.filter(({ name }) => {
    const uses = new RegExp(
      `COUNTER\\.${name}\\b|'${name}'|\\bk${name[0]?.toUpperCase()}${name.slice(1)}\\b|Counter::${name[0]?.toUpperCase()}${name.slice(1)}\\b`,
    );
    return !sources.some(({ text }) => uses.test(text));
  });
  assert.equal(
    unused.map(({ name }) => name),
    [],
  );
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}

test.run();
