import { parseArgs } from 'node:util';

export const USAGE = `node dist/examples/forty/main.js [--nodes N] [--links N] [--kills N] [--seed N] [--json]

  --nodes N   how many nodes, 4 to 48 (default 40)
  --links N   how many links each node chooses at most, 4 to 32 (default 5; those that others choose come on top, so there are about twice as many:
              what a link costs at rest is paid by all nodes on this one machine)
  --kills N   how many nodes are killed, 0 to a quarter (default: an eighth of them, so 5 of 40)
  --seed N    which pairs get flows, and who is killed (default 1)
  --json      the result as JSON on standard output; the story goes to standard error`;

export interface Options {
  readonly nodes: number;
  readonly links: number;
  readonly kills: number;
  readonly seed: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** Throws with a sentence for people. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string', default: '40' },
      links: { type: 'string', default: '5' },
      kills: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const nodes = within('--nodes', values.nodes, 4, 48);
  const links = within('--links', values.links, 4, 32);
  const kills = within('--kills', values.kills ?? String(Math.floor(nodes / 8)), 0, Math.floor(nodes / 4));
  return {
    nodes,
    links,
    kills,
    seed: within('--seed', values.seed, 0, 0xffff_ffff),
    json: values.json,
    help: values.help,
  };
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, got "${text}"`);
}
