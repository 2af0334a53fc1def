/** The result, as a table for people, and what of it was promised. */
import type { Cost } from './cost.js';
import type { Kill } from './kills.js';
import { type LinkCounts, MOST_CHOSEN } from './links.js';
import type { Reach } from './reach.js';

export interface Shown {
  /** As it was typed. */
  readonly command: string;
  readonly output: string;
  readonly code: number | null;
}

export interface Result {
  readonly nodes: number;
  readonly seed: number;
  readonly startSeconds: number;
  readonly reach: Reach;
  readonly linksAtFirst: LinkCounts;
  readonly linksAtLast: LinkCounts;
  readonly atRest: Cost | undefined;
  readonly withFlows: Cost | undefined;
  readonly flows: number;
  readonly kills: readonly Kill[];
  readonly reachAfter: Reach;
  readonly shown: readonly Shown[];
}

export interface Outcome {
  readonly what: string;
  readonly measured: string;
  /** null: nothing happened that would have shown it. */
  readonly isKept: boolean | null;
}

/** Flows that had a backup lose what was sent in this time at most, ms, besides what was under way over the node when it died. */
const MOST_LOST_MS = 300;

export function promisesOf(result: Result): Outcome[] {
  const { reach, reachAfter, linksAtFirst, linksAtLast, kills, shown } = result;
  const chosen = Math.max(linksAtFirst.mostChosen, linksAtLast.mostChosen);
  const backed = kills.flatMap(({ hits }) => hits.filter(({ hadBackup }) => hadBackup));
  const silence = Math.max(0, ...backed.map(({ silenceMs }) => silenceMs));
  const lost = Math.max(0, ...backed.map(({ lostMs }) => lostMs));
  const avoidable = Math.max(0, ...backed.map(({ lostMs, underWayMs }) => lostMs - underWayMs));
  return [
    {
      what: 'every node reaches every other',
      measured: `${reach.pairs - reach.missing.length} of ${reach.pairs} pairs`,
      isKept: reach.missing.length === 0,
    },
    {
      what: `no node chooses more than ${MOST_CHOSEN} links`,
      measured: `${chosen} at most`,
      isKept: chosen <= MOST_CHOSEN,
    },
    {
      what: `flows with a backup lose what they send in ${MOST_LOST_MS} ms at most`,
      measured:
        backed.length === 0
          ? 'no such flow was hit'
          : `${millis(avoidable)}, and what was under way (${millis(lost)} with it, silence ${millis(silence)}); ${backed.length} flows`,
      isKept: backed.length === 0 ? null : avoidable <= MOST_LOST_MS,
    },
    {
      what: `and so after ${kills.length} kills`,
      measured: `${reachAfter.pairs - reachAfter.missing.length} of ${reachAfter.pairs} pairs`,
      isKept: reachAfter.missing.length === 0,
    },
    {
      what: 'trace and route explain themselves',
      measured: `exit codes ${shown.map(({ code }) => code).join(', ')}`,
      isKept: shown.every(({ code }) => code === 0),
    },
  ];
}

export function* tableOf(result: Result, promises: readonly Outcome[]): Generator<string> {
  for (const { command, output } of result.shown) yield `\n$ ${command}\n${output}`;
  yield `\n${'KILLED'.padEnd(12)}${'FLOW'.padEnd(24)}${'BACKUP'.padEnd(8)}${'BY'.padEnd(11)}${'SILENCE'.padStart(9)}${'LOST'.padStart(9)}${'UNDER WAY'.padStart(11)}`;
  for (const { id, hits, othersSilenceMs } of result.kills) {
    for (const hit of hits)
      yield `${id.padEnd(12)}${`${hit.from} > ${hit.to}`.padEnd(24)}${(hit.hadBackup ? 'yes' : 'no').padEnd(8)}${hit.by.padEnd(11)}${millis(hit.silenceMs).padStart(9)}${millis(hit.lostMs).padStart(9)}${millis(hit.underWayMs).padStart(11)}`;
    const others = `all other flows, at most`;
    yield `${id.padEnd(12)}${others.padEnd(43)}${millis(othersSilenceMs).padStart(9)}`;
  }
  yield '';
  const { linksAtFirst, linksAtLast, reach } = result;
  yield* [
    ['started', `${result.nodes} nodes in ${result.startSeconds.toFixed(1)} s`],
    [
      'all routes there',
      `${reach.tablesSeconds.toFixed(1)} s later; ${reach.pairs} pings in ${reach.pingSeconds.toFixed(1)} s`,
    ],
    [
      'links chosen',
      `${linksAtFirst.meanChosen.toFixed(1)} a node, ${linksAtFirst.mostChosen} at most; at the end ${linksAtLast.meanChosen.toFixed(1)} and ${linksAtLast.mostChosen}`,
    ],
    [
      'links up',
      `${linksAtFirst.meanUp.toFixed(1)} a node, ${linksAtFirst.mostUp} at most; at the end ${linksAtLast.meanUp.toFixed(1)} and ${linksAtLast.mostUp}`,
    ],
    ['a node at rest', costText(result.atRest)],
    [`with ${result.flows} flows`, costText(result.withFlows)],
  ].map(([name = '', value = '']) => `${name.padEnd(18)}${value}`);
  yield '';
  for (const { what, measured, isKept } of promises)
    yield `${isKept === null ? 'unseen' : isKept ? 'kept  ' : 'BROKEN'}  ${what.padEnd(58)}${measured}`;
}

export const millis = (ms: number): string => (Number.isFinite(ms) ? `${ms.toFixed(0)} ms` : 'for good');

function costText(cost: Cost | undefined): string {
  if (!cost) return 'not told by this system';
  return `${cost.cpuPercent.toFixed(1)} % of a core, ${cost.mostCpuPercent.toFixed(1)} % at most, ${cost.mebibytes.toFixed(0)} MiB`;
}
