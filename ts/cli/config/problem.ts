/** Says in one line what is wrong with a configuration: what was expected, and what stands there. */
import type { ErrorObject } from 'ajv';
import { isBad } from '../values/value.js';
import { FORMATS } from './formats.js';

interface Described {
  readonly description?: string;
  readonly examples?: readonly (string | number | boolean)[];
}

/** A problem at a place of the document. `path` are the keys and indexes that lead there. */
export interface ConfigProblem {
  readonly path: readonly (string | number)[];
  /** The place is the key itself and not its value. */
  readonly atKey: boolean;
  readonly text: string;
}

/** Translates ajv's first error (with `verbose`, so that schema and data are at hand). */
export function describeProblem(error: ErrorObject): ConfigProblem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty']);
    const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
    return { path: [...path, key], atKey: true, text: `no such key; ${suggest(key, known)}` };
  }
  return { path, atKey: false, text: expectation(error) };
}

function expectation(error: ErrorObject): string {
  const schema = (error.parentSchema ?? {}) as Described;
  if (error.keyword === 'format') {
    const parsed = FORMATS[String(error.params['format'])]?.(String(error.data));
    if (parsed && isBad(parsed)) return parsed.problem;
  }
  const example = schema.examples?.[0];
  const meaning = schema.description
    ? ` (${schema.description}${example === undefined ? '' : `, as in ${example}`})`
    : '';
  return `expected ${constraint(error)}${meaning}, got ${JSON.stringify(error.data)}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'keys with values',
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
};

function constraint(error: ErrorObject): string {
  switch (error.keyword) {
    case 'type':
      return TYPE_NAMES[String(error.params['type'])] ?? String(error.params['type']);
    case 'enum':
      return `one of ${(error.params['allowedValues'] as unknown[]).join(', ')}`;
    case 'minimum':
      return `at least ${error.params['limit']}`;
    case 'maximum':
      return `at most ${error.params['limit']}`;
    default:
      return error.message ?? error.keyword;
  }
}

/** The known keys, the likeliest alone if one is near. */
export function suggest(key: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near && near.distance <= Math.max(1, Math.floor(near.name.length / 3))) return `did you mean "${near.name}"?`;
  return `expected one of ${known.join(', ')}`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
