#!/usr/bin/env node
/** The `portolan` command: reads the arguments, runs the command, and ends with its exit code. */
import { CommanderError } from 'commander';
import { CommandError, ExitCode } from './errors.js';
import { endOnBrokenPipe } from './output/print.js';
import { errorStyle } from './output/style.js';
import { buildProgram } from './program.js';

endOnBrokenPipe();
try {
  await buildProgram().parseAsync(argumentsOrDemo());
} catch (error) {
  process.exitCode = report(error);
}

/** `npm start` without arguments is the demonstration; `portolan` without arguments is its help. */
function argumentsOrDemo(): string[] {
  const isNpmStart = process.env['npm_lifecycle_event'] === 'start';
  return process.argv.length === 2 && isNpmStart ? [...process.argv, 'demo'] : process.argv;
}

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Good : ExitCode.WrongUse; // it has spoken already
  if (error instanceof CommandError) {
    if (error.message) console.error(`${errorStyle.red('portolan:')} ${error.message}`);
    return error.exitCode;
  }
  console.error(errorStyle.red('portolan: this is a fault of Portolan itself:'), error);
  return ExitCode.BadAnswer;
}
