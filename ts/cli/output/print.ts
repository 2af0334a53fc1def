/** Standard output, the one place. A reader that went away (`portolan routes | head`) ends the command quietly. */

export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printLines(lines: readonly string[]): void {
  if (lines.length > 0) print(lines.join('\n'));
}

/** How wide what is printed may be, columns: as the terminal; without one as it likes. */
export function outputWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : Infinity;
}

/** One JSON value: indented for people on a terminal, one line for machines. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, process.stdout.isTTY ? 2 : undefined));
}

/** Ends the process when whoever read our output is gone. */
export function endOnBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
