/** `portolan sim routers`: very many small networks with progress, or one of them fault by fault. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import {
  type Block,
  type BlockSums,
  type RoutersResult,
  replayRouters,
  runManyRouters,
  runRouters,
} from '../../sim/index.js';
import { BadAnswerError, UsageError } from '../errors.js';
import { formatCount, formatMillis, formatUptime } from '../output/numbers.js';
import { print, printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';

export interface SimRoutersOptions {
  /** Absent: one run, replayed. */
  readonly runs?: number;
  readonly seed: number;
  readonly nodes?: number;
  readonly threads?: number;
  readonly journal?: string;
  readonly json?: boolean;
}

/** Without a terminal a line of progress is written so often, ms. */
const LINE_MS = 30_000;

export async function runSimRouters({ runs: wanted, json, journal, ...options }: SimRoutersOptions): Promise<void> {
  if (wanted === undefined && !json) return replayOne(options.seed, options.nodes);
  const runs = wanted ?? 1;
  const done = journal === undefined ? new Map<number, BlockSums>() : readJournal(journal, options.nodes);
  const doneBefore = [...done].reduce((sum, [seed, { runs: ofBlock }]) => {
    return (seed - options.seed) >>> 0 < runs ? sum + ofBlock : sum;
  }, 0);
  const progress = new ProgressLine(runs, doneBefore);
  const started = performance.now();
  const { failures, ...sums } = await runManyRouters({
    ...options,
    runs,
    threads: options.threads ?? availableParallelism(),
    done,
    onBlock: (block, blockSums) => {
      if (journal !== undefined) appendFileSync(journal, `${JSON.stringify({ block, sums: blockSums })}\n`);
      progress.add(blockSums);
    },
  });
  progress.end();
  const named = failures.map(({ seed, problems }) => ({ seed, command: replayRouters(seed, options.nodes), problems }));
  const result = { seed: options.seed, ...sums, failures: named };
  if (json) printJson(result);
  else printLines(resultLines(result, (performance.now() - started) / 1000));
  if (sums.failed > 0) throw new BadAnswerError('');
}

type Result = Omit<BlockSums, 'failures'> & {
  readonly seed: number;
  readonly failures: readonly { readonly command: string; readonly problems: readonly string[] }[];
};

function replayOne(seed: number, nodes: number | undefined): void {
  const result = runRouters({ seed, ...(nodes !== undefined && { nodes }) }, print);
  printLines(['', ...runLines(result)]);
  if (result.problems.length > 0) throw new BadAnswerError('');
}

/** Blocks by their first seeds. A last line that was not written to its end is cut off. */
function readJournal(file: string, nodes: number | undefined): Map<number, BlockSums> {
  const done = new Map<number, BlockSums>();
  if (!existsSync(file)) return done;
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
  for (const line of lines) {
    const { block, sums } = parseLine(file, line);
    if (block.nodes !== nodes) throw new UsageError(`--journal ${file}: holds runs with other --nodes`);
    done.set(block.seed, sums);
  }
  if (end < bytes.length) truncateSync(file, end);
  return done;
}

function parseLine(file: string, line: string): { block: Block; sums: BlockSums } {
  try {
    const parsed = JSON.parse(line) as { block: Block; sums: BlockSums };
    if (Number.isInteger(parsed.block.seed) && Number.isInteger(parsed.sums.runs)) return parsed;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw new UsageError(`--journal ${file}: is no journal of these runs`);
}

/** On a terminal a line that is rewritten, elsewhere one now and then. */
class ProgressLine {
  readonly #runs: number;
  readonly #started = performance.now();
  #last = this.#started;
  readonly #before: number;
  #done = 0;
  #failed = 0;

  /** `before`: how many of the runs a journal has already. */
  constructor(runs: number, before: number) {
    this.#runs = runs;
    this.#before = before;
  }

  add({ runs, failed }: BlockSums): void {
    this.#done += runs;
    this.#failed += failed;
    const now = performance.now();
    const isTerminal = process.stderr.isTTY;
    if (now - this.#last < (isTerminal ? 200 : LINE_MS)) return;
    this.#last = now;
    const left = ((now - this.#started) / 1000 / this.#done) * (this.#runs - this.#before - this.#done);
    const bad = this.#failed > 0 ? `, ${this.#failed} failed` : '';
    const text = `${this.#before + this.#done} of ${this.#runs} runs${bad}, about ${formatUptime(left)} left`;
    process.stderr.write(isTerminal ? `\r\u001B[K${text}` : `${text}\n`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  }
}

function resultLines(result: Result, seconds: number): string[] {
  const { runs, seed, failures } = result;
  const mean = (sum: number) => (sum / runs).toFixed(1);
  return [
    `${runs} ${runs === 1 ? 'run' : 'runs'} from seed ${seed}: ${formatCount(result.virtualSeconds)} s of virtual time in ${seconds.toFixed(0)} s, ${mean(1000 * result.threadSeconds)} ms of a thread a run`,
    `a run on average: ${mean(result.nodes)} nodes, ${mean(result.links)} links, ${mean(result.faults)} faults`,
    `${formatCount(result.changes)} changes of next hops and ${formatCount(result.messages)} messages checked, ${formatCount(result.packets)} packets followed, ${result.revisits} revisits`,
    [
      verdict('loops', result.loops),
      verdict('label inversions', result.labelInversions),
      verdict('unconverged', result.unconverged),
    ].join(', '),
    `right again after ${formatMillis(result.convergedAfter / runs)} on average, ${formatMillis(result.slowest)} at most`,
    ...failures.flatMap(({ command, problems }) => [style.red(command), ...problems.map((problem) => `  ${problem}`)]),
  ];
}

function runLines({ nodes, links, problems, ...result }: RoutersResult): string[] {
  return [
    `${nodes} nodes, ${links} links, ${result.faults} faults: ${formatCount(result.changes)} changes of next hops and ${formatCount(result.messages)} messages checked`,
    [
      verdict('loops', result.loops),
      verdict('label inversions', result.labelInversions + result.escapes),
      result.unconverged > 0
        ? verdict('unconverged', result.unconverged)
        : `right again after ${result.convergedAfter} ms`,
    ].join(', '),
    ...problems.map((problem) => style.red(problem)),
  ];
}

/** `0 loops` in green, anything else in red. */
function verdict(what: string, n: number): string {
  return n === 0 ? style.green(`0 ${what}`) : style.red(`${n} ${what}`);
}
