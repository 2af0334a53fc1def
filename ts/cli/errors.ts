/** How a command ends. Scripts rely on these three. */
export const ExitCode = {
  /** All is well. */
  Good: 0,
  /** The command ran and the answer is bad: no reply, no route, a loop in a simulation, a node that could not start. */
  BadAnswer: 1,
  /** Wrong use: arguments, configuration, or no node (or too many) to ask. */
  WrongUse: 2,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An end that people caused and can mend: printed as one message without a stack. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** Wrong arguments or configuration: exit code 2. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, ExitCode.WrongUse);
    this.name = 'UsageError';
  }
}

/** The answer is bad: exit code 1. */
export class BadAnswerError extends CommandError {
  constructor(message: string) {
    super(message, ExitCode.BadAnswer);
    this.name = 'BadAnswerError';
  }
}
