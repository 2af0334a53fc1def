/** The outcome of reading a text that somebody wrote: a value, or a clause such as `expected a duration ..., got "x"`. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** Reads a text; total: never throws. */
export type Parser<T> = (text: string) => Parsed<T>;

export function good<T>(value: T): Parsed<T> {
  return { value };
}

/** What was expected in place of `text`. */
export function bad<T>(expected: string, text: string): Parsed<T> {
  return { problem: `expected ${expected}, got ${JSON.stringify(text)}` };
}

export function isBad<T>(parsed: Parsed<T>): parsed is { readonly problem: string } {
  return 'problem' in parsed;
}
