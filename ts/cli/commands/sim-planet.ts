/** `portolan sim planet`: one planet with progress, then a report. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type PlanetEventName,
  type PlanetOptions,
  type PlanetOutcome,
  type PlanetProgress,
  type PlanetShape,
  simulatePlanet,
  simulatePlanets,
} from '../../sim/index.js';
import { BadAnswerError, UsageError } from '../errors.js';
import { renderChart } from '../output/chart.js';
import { planetCharts, planetLines, planetsLines } from '../output/planet-report.js';
import { print, printJson, printLines } from '../output/print.js';
import { readRttMatrix } from '../values/rtt-matrix.js';

export interface SimPlanetOptions {
  readonly nodes: number;
  readonly topology: PlanetShape;
  readonly rtt?: readonly string[];
  readonly links?: number;
  readonly classes?: number;
  /** Per cent a minute. */
  readonly churn: number;
  readonly rest?: number;
  readonly seconds?: number;
  readonly event?: readonly PlanetEventName[];
  readonly optimise?: boolean;
  readonly seed: number;
  /** Absent: one. */
  readonly runs?: number;
  readonly threads?: number;
  readonly svg?: string;
  readonly json?: boolean;
}

/** Unless told otherwise larger planets have fewer links a node and fewer classes, do not rest, and have faults for a shorter time: what a run takes goes with all of it. */
const SIZES = [
  { nodes: 1000, links: 32, rest: 12, seconds: 20, classes: 4 },
  { nodes: 3000, links: 16, rest: 0, seconds: 5, classes: 4 },
  { nodes: Infinity, links: 8, rest: 0, seconds: 5, classes: 1 },
] as const;
/** A planet of up to so many nodes is for one thread, unless told otherwise; larger ones for as many as there are processors, up to the limit. */
const ONE_THREAD = 1000;
const MOST_THREADS = 8;
/** Without a terminal a line of progress is written so often, ms. */
const LINE_MS = 10_000;

export async function runSimPlanet({
  topology,
  rtt,
  churn,
  event,
  svg,
  json,
  ...given
}: SimPlanetOptions): Promise<void> {
  const matrices = rtt?.map(readRttMatrix);
  const nodes = matrices?.[0]?.size ?? given.nodes;
  const usual = SIZES.find((size) => nodes <= size.nodes) ?? SIZES[0];
  const options: PlanetOptions = {
    seed: given.seed,
    rest: given.rest ?? usual.rest,
    seconds: given.seconds ?? usual.seconds,
    nodes,
    shape: topology,
    links: given.links ?? usual.links,
    classes: given.classes ?? usual.classes,
    churn: churn / 100,
    events: event ?? [],
    ...(given.optimise && { optimise: true }),
    ...(matrices && { rtt: matrices.map(({ size, values }) => ({ size, values })) }),
  };
  if (given.runs === undefined) {
    const threads = given.threads ?? (nodes > ONE_THREAD ? Math.min(MOST_THREADS, availableParallelism()) : 1);
    return reportOne(options, threads, svg, json ?? false);
  }
  if (svg !== undefined) throw new UsageError('--svg plots one planet: leave out --runs');
  return reportMany(options, given.runs, given.threads ?? availableParallelism(), json ?? false);
}

async function reportOne(
  options: PlanetOptions,
  threads: number,
  svg: string | undefined,
  json: boolean,
): Promise<void> {
  const started = performance.now();
  const outcome = await simulatePlanet(options, progressWriter(started), threads).catch(usageError);
  clearProgress();
  const wallSeconds = (performance.now() - started) / 1000;
  if (svg !== undefined) writeCharts(svg, outcome);
  if (json) printJson({ ...outcome, cost: { ...outcome.cost, wallSeconds } });
  else {
    printLines(planetLines(outcome, wallSeconds));
    if (svg !== undefined) print(`plots: ${svg}`);
  }
  if (outcome.problems.length > 0) throw new BadAnswerError('');
}

async function reportMany(options: PlanetOptions, runs: number, threads: number, json: boolean): Promise<void> {
  const started = performance.now();
  let done = 0;
  const onPlanet = () => {
    done++;
    const left = ((performance.now() - started) / 1000 / done) * (runs - done);
    writeProgress(`${done} of ${runs} planets, about ${Math.ceil(left)} s left`);
  };
  const planets = await simulatePlanets({ ...options, runs, threads, onPlanet }).catch(usageError);
  clearProgress();
  const sum = (of: (planet: PlanetOutcome) => number) => planets.reduce((so, planet) => so + of(planet), 0);
  const sums = {
    runs,
    seed: options.seed,
    loops: sum(({ loops }) => loops),
    labelInversions: sum(({ labelInversions, escapes }) => labelInversions + escapes),
    unconverged: sum(({ unconverged }) => (unconverged > 0 ? 1 : 0)),
  };
  if (json) printJson({ ...sums, planets });
  else printLines(planetsLines(planets, (performance.now() - started) / 1000));
  if (planets.some(({ problems }) => problems.length > 0)) throw new BadAnswerError('');
}

function usageError(error: unknown): never {
  throw error instanceof RangeError ? new UsageError(error.message) : error;
}

function progressWriter(started: number): (progress: PlanetProgress) => void {
  let last = started;
  return ({ phase, time, live, wrong }) => {
    const now = performance.now();
    if (now - last < (process.stderr.isTTY ? 100 : LINE_MS)) return;
    last = now;
    const state = wrong === undefined ? '' : `, ${wrong} slots not right yet`;
    writeProgress(
      `${((now - started) / 1000).toFixed(0)} s: ${phase}, ${(time / 1000).toFixed(1)} s of virtual time, ${live} nodes live${state}`,
    );
  };
}

/** On a terminal a line that is rewritten, elsewhere one more. */
function writeProgress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${text}` : `${text}\n`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
}

function writeCharts(folder: string, outcome: PlanetOutcome): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, chart] of Object.entries(planetCharts(outcome)))
    writeFileSync(join(folder, `${name}.svg`), renderChart(chart));
}
