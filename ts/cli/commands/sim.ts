/** `portolan sim`: many runs with progress, or one of them event by event. */
import {
  type PinResult,
  type Progress,
  type RunOptions,
  type RunResult,
  replay,
  runSimulations,
  type SafetyRules,
  type SimulationsResult,
} from '../../sim/index.js';
import { BadAnswerError } from '../errors.js';
import { formatCount } from '../output/numbers.js';
import { print, printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';

export interface SimOptions {
  /** Absent: one run, replayed. */
  readonly runs?: number;
  readonly seed: number;
  readonly nodes?: number;
  readonly leaves?: number;
  readonly linksPerPeer?: number;
  readonly neighbours?: number;
  /** A safety rule to switch off. */
  readonly without?: keyof SafetyRules;
  readonly threads?: number;
  readonly json?: boolean;
}

export async function runSim({ runs, json, without, ...given }: SimOptions): Promise<void> {
  const options = { ...given, ...(without && { rules: { [without]: false } }) };
  if (runs === undefined && !json) return replayOne(options);
  const showProgress = !json && process.stderr.isTTY;
  const started = performance.now();
  const onProgress = showProgress ? { onProgress: (progress: Progress) => progressLine(progress, started) } : {};
  const result = await runSimulations({ ...options, runs: runs ?? 1, ...onProgress });
  if (showProgress) process.stderr.write('\r\u001B[K');
  if (json) printJson(result);
  else printLines(resultLines(result, (performance.now() - started) / 1000));
  if (!isWell(result)) throw new BadAnswerError('');
}

function replayOne(options: RunOptions): void {
  const result = replay(options, print);
  printLines(['', ...runLines(result)]);
  if (result.problems.length > 0) throw new BadAnswerError('');
}

function isWell({ loops, labelInversions, unconverged, failures }: SimulationsResult): boolean {
  return loops + labelInversions + unconverged + failures.length === 0;
}

function progressLine({ done, runs, failed }: Progress, started: number): void {
  const left = ((performance.now() - started) / 1000 / done) * (runs - done);
  const bad = failed > 0 ? `, ${failed} failed` : '';
  process.stderr.write(`\r\u001B[K${done} of ${runs} runs${bad}, about ${Math.ceil(left)} s left`);
}

function resultLines(result: SimulationsResult, seconds: number): string[] {
  const { runs, seed, failures } = result;
  return [
    `${runs} ${runs === 1 ? 'run' : 'runs'} from seed ${seed}: ${formatCount(result.virtualSeconds)} s of virtual time in ${seconds.toFixed(0)} s`,
    `${formatCount(result.changes)} changes of next hops checked, ${formatCount(result.packets)} packets followed`,
    pinLine(result.pins),
    [
      verdict('loops', result.loops),
      verdict('label inversions', result.labelInversions),
      verdict('broken promises of pins', result.pins.violations),
      verdict('unconverged', result.unconverged),
    ].join(', '),
    ...failures.flatMap(({ command, problems }) => [style.red(command), ...problems.map((problem) => `  ${problem}`)]),
  ];
}

function pinLine({ pinned, lost, labelled, fellBack, entries, optimiser, detour }: PinResult): string {
  const own = `${formatCount(optimiser)} by optimisers, ${formatCount(detour)} as detours`;
  return `${formatCount(pinned)} paths pinned as asked for, ${formatCount(lost)} of them lost, ${own}; ${formatCount(entries)} entries checked; ${formatCount(labelled)} labelled packets followed, ${formatCount(fellBack)} of them fell back`;
}

function runLines({ nodes, leaves, changes, packets, convergedAfter, problems, ...result }: RunResult): string[] {
  return [
    `${nodes} nodes, ${leaves} leaves, ${formatCount(changes)} changes of next hops checked, ${formatCount(packets)} packets followed`,
    pinLine(result.pins),
    [
      verdict('loops', result.loops),
      verdict('label inversions', result.labelInversions + result.escapes),
      verdict('broken promises of pins', result.pins.violations),
      result.unconverged > 0 ? verdict('unconverged', result.unconverged) : `converged after ${convergedAfter} ms`,
    ].join(', '),
    ...problems.map((problem) => style.red(problem)),
  ];
}

/** `0 loops` in green, anything else in red. */
function verdict(what: string, n: number): string {
  return n === 0 ? style.green(`0 ${what}`) : style.red(`${n} ${what}`);
}
