/**
 * Runs the real code of a few threads in every possible interleaving of their shared operations, on one thread, and checks the outcome.
 *
 * A thread is a function that is given its operations (load, store, compareExchange, wait ...). To stop it at an operation, and
 * go on later, its function is run from the start again: the operations that it has done return what they returned then, the next one is
 * carried out, and the one after that throws. So one step of a thread is: the plain code since its last operation, then one operation.
 * Between two steps of a thread the others may do any number of theirs; a plain write that comes after the operation that
 * publishes it, a lost wake-up or a claim that two threads get are found like this.
 *
 * Plain code is repeated on the memory as it was when it ran for the first time, so it reads the same again, and the repetition
 * leaves nothing behind. States that are equal (memory, and all that the threads have read) are visited once.
 *
 * What this does not cover: orders that only a weak memory model allows. The proofs rest on sequentially consistent operations, which is
 * what JavaScript's `Atomics` are, and `delayStores` shows that they are needed.
 */
import { createHash } from 'node:crypto';
import type { LinkOperations } from '../../ts/memory/link-table.js';
import type { MemoryOperations } from '../../ts/memory/sharedarraybuffer-queue/index.js';
import type { StateOperations } from '../../ts/memory/worker-state.js';

export type Operations = MemoryOperations & StateOperations & LinkOperations;
/** What a thread does; what it returns is handed to `check`. It must construct all its objects itself. */
export type ThreadBody = (operations: Operations) => unknown;

export interface Exploration {
  readonly buffer: SharedArrayBuffer;
  /** Byte ranges, [from, to), of all memory that the threads touch. */
  readonly areas: readonly (readonly [number, number])[];
  /** What each thread reads by plain loads too. The less it is, the fewer states are different. */
  readonly plain: readonly (readonly (readonly [number, number])[])[];
  readonly threads: readonly ThreadBody[];
  /** Called at the end of each interleaving with what the threads returned. Throws when it is not as it should be. */
  readonly check: (results: readonly unknown[]) => void;
}

type Call = { readonly name: keyof Operations; readonly args: readonly number[]; readonly words: Int32Array };

/** One thread, at one moment. Never changed: a step makes a new one. */
interface Progress {
  /** What its operations returned. */
  readonly returned: readonly unknown[];
  /** The memory on which each stretch of plain code began. */
  readonly began: readonly Uint8Array[];
  readonly status: 'running' | 'asleep' | 'done';
  /** Where it sleeps. */
  readonly word: number;
  readonly result: unknown;
  readonly history: string;
}

const SUSPEND = Symbol('suspend');
const START: Progress = { returned: [], began: [], status: 'running', word: -1, result: undefined, history: '' };

/** Explores; returns how many different states there were. Throws at the first interleaving that fails, and names it. */
export function explore(options: Exploration): number {
  const memory = new Memory(options.buffer, options.areas);
  const plain = options.plain.map((areas) => new Memory(options.buffer, areas));
  const start = memory.save();
  const seen = new Set<string>();
  const visit = (before: Uint8Array, threads: readonly Progress[], schedule: string): void => {
    const key = createHash('md5')
      .update(before)
      .update(threads.map((thread) => `${thread.status}${thread.history}`).join('|'))
      .digest('base64');
    if (seen.has(key)) return;
    seen.add(key);
    let moved = false;
    for (const [index, thread] of threads.entries()) {
      if (thread.status !== 'running') continue;
      moved = true;
      const name = `${schedule} ${index}`;
      const next = inContext(name, () => step(options, memory, plain, before, threads, index));
      visit(next.memory, next.threads, name);
    }
    if (moved) return;
    memory.restore(before);
    inContext(schedule, () => {
      const asleep = threads.findIndex((thread) => thread.status === 'asleep');
      if (asleep >= 0) throw new Error(`thread ${asleep} sleeps for ever: lost wake-up`);
      options.check(threads.map((thread) => thread.result));
    });
  };
  visit(
    start,
    options.threads.map(() => START),
    '',
  );
  memory.restore(start);
  return seen.size;
}

/** Runs thread `index` up to and including its next operation. */
function step(
  options: Exploration,
  memory: Memory,
  plain: readonly Memory[],
  before: Uint8Array,
  threads: readonly Progress[],
  index: number,
) {
  const thread = threads[index] as Progress;
  const body = options.threads[index] as ThreadBody;
  const began = [...thread.began, before];
  let place = 0;
  let performed: { call: Call; value: unknown } | undefined;
  let after: Uint8Array | undefined;
  const operate = (call: Call): unknown => {
    if (after) throw SUSPEND; // a `finally` on the way out
    if (place < thread.returned.length) {
      memory.restore(began[place + 1] as Uint8Array);
      return thread.returned[place++];
    }
    performed = { call, value: perform(call) };
    after = memory.save();
    throw SUSPEND;
  };
  memory.restore(before);
  const readable = (plain[index] as Memory).digest();
  memory.restore(began[0] as Uint8Array);
  let result: unknown;
  try {
    result = body(operationsOf(operate));
    after ??= memory.save();
  } catch (error) {
    if (error !== SUSPEND) throw error;
  }
  const next = [...threads];
  if (!performed) next[index] = { ...thread, began, status: 'done', result, history: `${thread.history}=` };
  else {
    const { call, value } = performed;
    const asleep = value === ASLEEP;
    next[index] = {
      ...thread,
      began,
      returned: [...thread.returned, asleep ? 'ok' : value],
      status: asleep ? 'asleep' : 'running',
      word: asleep ? (call.args[0] as number) : -1,
      history: `${thread.history}${readable}${String(value)},`,
    };
    if (call.name === 'notify')
      for (const [other, progress] of next.entries())
        if (progress.status === 'asleep' && progress.word === call.args[0])
          next[other] = { ...progress, status: 'running' };
  }
  return { memory: after as Uint8Array, threads: next };
}

const ASLEEP = Symbol('asleep');

function perform({ name, words, args: [word = 0, a = 0, b = 0] }: Call): unknown {
  switch (name) {
    case 'load':
      return Atomics.load(words, word);
    case 'store':
      return Atomics.store(words, word, a);
    case 'add':
      return Atomics.add(words, word, a);
    case 'or':
      return Atomics.or(words, word, a);
    case 'and':
      return Atomics.and(words, word, a);
    case 'exchange':
      return Atomics.exchange(words, word, a);
    case 'compareExchange':
      return Atomics.compareExchange(words, word, a, b);
    case 'wait':
      if (b !== Infinity) throw new Error('a wait with a time-out has no place in an exploration');
      return Atomics.load(words, word) === a ? ASLEEP : 'not-equal';
    case 'notify':
      return 0;
    default:
      throw new Error(`${name} has no place in an exploration`);
  }
}

function operationsOf(operate: (call: Call) => unknown): Operations {
  const operation =
    (name: keyof Operations) =>
    (words: Int32Array, ...args: number[]) =>
      operate({ name, words, args });
  const names = [
    'load',
    'store',
    'add',
    'or',
    'and',
    'exchange',
    'compareExchange',
    'wait',
    'waitAsync',
    'notify',
  ] as const;
  return Object.fromEntries(names.map((name) => [name, operation(name)])) as Operations;
}

/** The operations of a machine that lets a store wait until after the next load: what `Atomics` must not do. */
export function delayStores(operations: Operations, delayed: (word: number) => boolean): Operations {
  let pending: (() => void) | undefined;
  const after = (name: 'load' | 'or' | 'exchange' | 'compareExchange') =>
    ((words: Int32Array, word: number, a: number, b: number) => {
      const value = operations[name](words, word, a, b);
      pending?.();
      pending = undefined;
      return value;
    }) as Operations['load'];
  return {
    ...operations,
    load: after('load'),
    store: ((words: Int32Array, word: number, value: number) => {
      if (!delayed(word)) return operations.store(words, word, value);
      pending = () => operations.store(words, word, value);
      return value;
    }) as Operations['store'],
  };
}

function inContext<T>(schedule: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof InterleavingError) throw error;
    throw new InterleavingError(schedule, error);
  }
}

export class InterleavingError extends Error {
  constructor(schedule: string, cause: unknown) {
    super(`threads in turn:${schedule}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The memory in question, to be saved and put back. */
class Memory {
  readonly #parts: readonly Uint8Array[];
  readonly #bytes: number;

  constructor(buffer: SharedArrayBuffer, areas: readonly (readonly [number, number])[]) {
    this.#parts = areas.map(([from, to]) => new Uint8Array(buffer, from, to - from));
    this.#bytes = this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  save(): Uint8Array {
    const copy = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      copy.set(part, at);
      at += part.length;
    }
    return copy;
  }

  /** Of what it holds now; empty when there is nothing to hold. */
  digest(): string {
    return this.#bytes === 0 ? '' : createHash('md5').update(this.save()).digest('base64');
  }

  restore(copy: Uint8Array): void {
    let at = 0;
    for (const part of this.#parts) {
      part.set(copy.subarray(at, at + part.length));
      at += part.length;
    }
  }
}
