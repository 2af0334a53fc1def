/** The thread of one run of queries: a heap of its own, as large as its planet needs. */
import { type QueryOptions, type QueryRunResult, runQueries } from './query-run.js';

export default function run(options: QueryOptions): QueryRunResult {
  return runQueries(options);
}
