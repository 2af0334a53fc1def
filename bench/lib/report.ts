/** How a bench tells its result: a table and a plot in the terminal, JSON and SVG in files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asciichart from 'asciichart';
import Table from 'cli-table3';
import * as echarts from 'echarts';
import pc from 'picocolors';
import { describeMachine } from './machine.js';
import type { Estimate } from './statistics.js';

/** The options that every bench takes. */
export interface BenchOptions {
  readonly rounds: number;
  /** A run of a few seconds that only shows that the bench works. */
  readonly smoke: boolean;
  readonly json: boolean;
  /** Where result files go. */
  readonly out: string;
}

/** A line of a plot: values over the plot's x axis. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Plot {
  readonly title: string;
  readonly x: readonly (string | number)[];
  readonly y: string;
  readonly series: readonly Series[];
  readonly kind: 'bars' | 'lines';
}

/** `1.13 (1.10 .. 1.17)`: a ratio to the baseline with its 95 % interval. */
export function formatRatio(ratio: Estimate): string {
  return `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} .. ${ratio.high.toFixed(2)})`;
}

export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  return value.toFixed(0);
}

/** Progress goes to standard error, so that `--json` prints nothing but JSON. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${pc.dim(text)}`);
  else process.stderr.write(`${text}\n`);
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}

export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
  });
  for (const row of rows) table.push([...row]);
  console.log(`\n${pc.bold(title)}\n${table.toString()}`);
}

/** A line plot for the terminal; bars are better read in their table. */
export function printPlot(plot: Plot): void {
  const colours = [asciichart.blue, asciichart.green, asciichart.magenta, asciichart.yellow];
  const drawn = plot.series.map(({ values }) => [...values]);
  if (drawn.length === 0 || (drawn[0]?.length ?? 0) < 2) return;
  const palette = pc.isColorSupported ? { colors: colours.slice(0, drawn.length) } : {};
  console.log(
    `\n${plot.title} (${plot.y} over ${plot.x[0]} .. ${plot.x.at(-1)}): ${plot.series.map(({ name }) => name).join(', ')}`,
  );
  console.log(asciichart.plot(drawn, { height: 10, ...palette }));
}

/** Writes NAME.json (results with machine and commit) and, for each plot, NAME-N.svg; returns the paths. */
export function writeResults(out: string, name: string, results: unknown, plots: readonly Plot[]): string[] {
  mkdirSync(out, { recursive: true });
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const json = join(out, `${name}-${stamp}.json`);
  writeFileSync(
    json,
    `${JSON.stringify({ bench: name, date: new Date().toISOString(), machine: describeMachine(), results }, null, 2)}\n`,
  );
  const drawings = plots.map((plot, index) => {
    const file = join(out, `${name}-${stamp}${plots.length > 1 ? `-${index + 1}` : ''}.svg`);
    writeFileSync(file, renderSvg(plot));
    return file;
  });
  return [json, ...drawings];
}

function renderSvg(plot: Plot): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 480 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: plot.title, left: 'center' },
    legend: { bottom: 0 },
    grid: { left: 80, right: 30, top: 60, bottom: 70 },
    xAxis: { type: 'category', data: plot.x.map(String) },
    yAxis: { type: 'value', name: plot.y },
    series: plot.series.map(({ name, values }) => ({
      name,
      type: plot.kind === 'bars' ? 'bar' : 'line',
      data: [...values],
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** What every bench does with what it has measured. */
export function finish(
  options: BenchOptions,
  name: string,
  results: unknown,
  table: () => void,
  plots: readonly Plot[] = [],
): void {
  endProgress();
  const files = writeResults(options.out, name, results, plots);
  if (options.json) {
    console.log(JSON.stringify(results, null, 2));
    return;
  }
  table();
  for (const plot of plots) if (plot.kind === 'lines') printPlot(plot);
  console.log(pc.dim(`\nwritten: ${files.join(' ')}`));
}
