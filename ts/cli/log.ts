/** The log of `portolan up`: JSON lines for machines, short lines for people on a terminal. Both on standard error. */
import { type Logger, pino } from 'pino';
import type { LogFormat, LogLevel } from './config/config.types.js';
import { errorStyle } from './output/style.js';

export type { Logger } from 'pino';

/** Whether a format means lines for people here. */
export function isText(format: LogFormat, toTerminal = process.stderr.isTTY): boolean {
  return format === 'text' || (format === 'auto' && toTerminal);
}

export function openLog(level: LogLevel, asText: boolean): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // Synchronous: the last lines before an exit are the ones that matter.
  if (!asText) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(options, { write: (line: string) => void process.stderr.write(formatLine(line)) });
}

const LEVELS: readonly (readonly [minimum: number, paint: (text: string) => string])[] = [
  [50, (text) => errorStyle.red(text)],
  [40, (text) => errorStyle.yellow(text)],
  [30, (text) => text],
  [0, (text) => errorStyle.dim(text)],
];

/** One JSON line of pino as a line for people: `11:05:09 message key=value`. */
export function formatLine(json: string): string {
  const { level, time, msg, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const paint = LEVELS.find(([minimum]) => Number(level) >= minimum)?.[1] ?? String;
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const clock = errorStyle.dim(String(time).slice(11, 19));
  return `${clock} ${paint(typeof msg === 'string' ? msg : '')}${fields.length ? errorStyle.dim(`  ${fields.join(' ')}`) : ''}\n`;
}
