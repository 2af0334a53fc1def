/** Reads a configuration file. Whatever is wrong with it is said with file, line, column, key and what was expected. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { type Document, isCollection, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { UsageError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { networkKeyText } from '../values/address.js';
import { isBad } from '../values/value.js';
import type { FileConfig } from './config.types.js';
import { FORMATS } from './formats.js';
import { type ConfigProblem, describeProblem } from './problem.js';

/** Where the published schema is. */
export const SCHEMA_PATH = join(packageRoot, 'docs/portolan.schema.json');

/** Reads and checks `file`; a `networkKeyFile` in it is read too and becomes `networkKey`. */
export function loadConfig(file: string): FileConfig {
  const config = parseConfig(readText(file, 'the configuration'), file);
  if (config.networkKeyFile === undefined) return config;
  if (config.networkKey !== undefined)
    throw new UsageError(`${file}: networkKey and networkKeyFile: expected only one of the two`);
  return { ...config, networkKey: loadNetworkKey(resolve(dirname(file), config.networkKeyFile)) };
}

/** Checks the text of a configuration; `file` is its name in messages. */
export function parseConfig(text: string, file: string): FileConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken) throw new UsageError(`${place(broken.pos[0])}: not readable as YAML: ${broken.message}`);
  const value = plainValue(document, file);
  const check = validator();
  if (check(value)) return value as FileConfig;
  const error = check.errors?.[0];
  if (!error) throw new UsageError(`${file}: not a configuration`);
  const problem = describeProblem(error);
  throw new UsageError(`${place(offsetOf(document, problem))}: ${keyOf(problem.path)}${problem.text}`);
}

/**
 * Where in `file` an option stands, as in `portolan.yaml:5:5`, for what is only wrong together with other options. `option` is named as the
 * library names it, as in `peers[0]`; what the file does not hold is placed at the file.
 */
export function placeInFile(file: string, option: string): string {
  const lines = new LineCounter();
  const document = parseDocument(readText(file, 'the configuration'), { lineCounter: lines });
  const path = option
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  if (!document.hasIn(path)) return file;
  const { line, col } = lines.linePos(offsetOf(document, { path, atKey: false, text: '' }));
  return `${file}:${line}:${col}`;
}

/** Reads a network key from a file of its own. */
export function loadNetworkKey(file: string): string {
  const parsed = networkKeyText(readText(file, 'the network key').trim());
  if (isBad(parsed)) throw new UsageError(`${file}:1: ${parsed.problem}`);
  return parsed.value;
}

function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: ${what} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    throw new UsageError(`${file}: not readable as YAML: ${(error as Error).message}`); // aliases without end
  }
}

let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  if (compiled) return compiled;
  // verbose: errors carry the schema around them, which holds descriptions and examples.
  const ajv = new Ajv({ verbose: true, strict: true });
  for (const [name, parser] of Object.entries(FORMATS)) ajv.addFormat(name, (text: string) => !isBad(parser(text)));
  compiled = ajv.compile(JSON.parse(readFileSync(SCHEMA_PATH, 'utf8')) as object);
  return compiled;
}

/** `peers[0]: `, `log.level: `; empty for the whole document. */
function keyOf(path: ConfigProblem['path']): string {
  if (path.length === 0) return '';
  return `${path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .slice(1)}: `;
}

/** Where in the text the problem is. */
function offsetOf(document: Document, problem: ConfigProblem): number {
  if (problem.atKey) {
    const parent = document.getIn(problem.path.slice(0, -1), true);
    const map = problem.path.length === 1 ? document.contents : parent;
    const key = problem.path.at(-1);
    const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
    if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
  }
  const node = problem.path.length === 0 ? document.contents : document.getIn(problem.path, true);
  if ((isScalar(node) || isCollection(node)) && node.range) return node.range[0];
  return 0;
}
