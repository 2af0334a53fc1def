/** `portolan sim queries`: how often route queries find what there is, and what they cost. */
import { type QueryRunResult, simulateQueries } from '../../sim/index.js';
import { BadAnswerError, UsageError } from '../errors.js';
import { formatCount, formatPercent } from '../output/numbers.js';
import { printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { readRttMatrix } from '../values/rtt-matrix.js';

export interface SimQueriesOptions {
  readonly nodes: number;
  readonly links: number;
  readonly flat?: number;
  readonly rtt?: string;
  readonly queries: number;
  readonly seed: number;
  readonly json?: boolean;
}

export async function runSimQueries({ flat, rtt, json, ...options }: SimQueriesOptions): Promise<void> {
  const matrix = rtt === undefined ? undefined : readRttMatrix(rtt);
  const result = await simulateQueries({
    ...options,
    ...(flat !== undefined && { degree: flat }),
    ...(matrix && { rtt: { size: matrix.size, values: matrix.values } }),
  }).catch((error: unknown) => {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  });
  if (json) printJson(result);
  else printLines(queryLines(result));
  if (result.untrue > 0 || result.wrong > 0) throw new BadAnswerError('');
}

function queryLines(result: QueryRunResult): string[] {
  const { nodes, links, seed, possible, met, messages, answerMs, hopeless, hopelessMessages, untrue, wrong } = result;
  return [
    `${nodes} nodes, ${formatCount(links)} links, seed ${seed}`,
    `met: ${formatPercent((100 * met) / Math.max(1, possible))} of ${possible} queries that an exhaustive search can satisfy`,
    `messages a query: ${messages.mean.toFixed(0)} on average, p50 ${messages.p50}, p95 ${messages.p95}; first answer after ${answerMs.p50.toFixed(0)} ms (p50)`,
    `${hopeless} queries that nothing can satisfy: ${hopelessMessages.mean.toFixed(0)} messages on average, p95 ${hopelessMessages.p95}`,
    ...(untrue > 0 ? [style.red(`${untrue} answers are not true`)] : []),
    ...(wrong > 0 ? [style.red(`${wrong} slots were wrong when the queries began`)] : []),
  ];
}
