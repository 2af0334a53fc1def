/** Helpers to declare options and arguments whose text is checked by a reader of `values/`. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { isBad, type Parser } from '../values/value.js';

export const ADMIN_HELP =
  'the node to ask: its id, the path of its socket, or HOST:PORT (default: the only local node)';

/** An option with a checked value. */
export function option<T>(flags: string, description: string, parser: Parser<T>, fallback?: T, shown?: string): Option {
  const made = new Option(flags, description).argParser(checked(parser));
  return fallback === undefined ? made : made.default(fallback, shown);
}

/** An option that may be given several times. */
export function listOption(flags: string, description: string, parser: Parser<string>): Option {
  const check = checked(parser);
  return new Option(flags, description).argParser((text, before: string[] | undefined) => [
    ...(before ?? []),
    check(text),
  ]);
}

/** An argument with a checked value: `<name>` must be there, `[name]` may. */
export function argument<T>(name: string, description: string, parser: Parser<T>): Argument {
  return new Argument(name, description).argParser(checked(parser));
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON with the field names of docs/cli.md');
}

/** Examples at the end of a command's help: pairs of a command line and what it does. */
export function examples(...pairs: readonly (readonly [line: string, meaning: string])[]): string {
  const width = Math.max(...pairs.map(([line]) => line.length)) + 3;
  return `\nExamples:\n${pairs.map(([line, meaning]) => `  $ ${line.padEnd(width)}${meaning}`).join('\n')}`;
}

/** Which node to ask, as given before or behind the command's name. */
export function adminOf(command: Command): string | undefined {
  return command.optsWithGlobals<{ admin?: string }>().admin;
}

function checked<T>(parser: Parser<T>): (text: string) => T {
  return (text) => {
    const parsed = parser(text);
    if (isBad(parsed)) throw new InvalidArgumentError(`${parsed.problem}.`);
    return parsed.value;
  };
}
