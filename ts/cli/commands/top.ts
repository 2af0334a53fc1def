/** `portolan top`: full-screen on a terminal, a JSON line a look with `--json`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkReport, StatusReport } from '../../node/admin.types.js';
import { openAdmin } from '../admin-client.js';
import { UsageError } from '../errors.js';
import { type Sample, Sampler } from '../top/sampler.js';
import type { Look } from '../top/screen.js';
import type { QueryOptions } from './query.types.js';

export interface TopOptions extends QueryOptions {
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly count?: number;
}

export async function runTop(options: TopOptions): Promise<void> {
  if (!options.json && !(process.stdout.isTTY && process.stdin.isTTY))
    throw new UsageError('top needs a terminal to draw on; "portolan top --json" prints a line a second instead');
  const node = await openAdmin(options.admin);
  const sampler = new Sampler();
  const look: Look = async () => {
    const [status, links] = await Promise.all([node.get<StatusReport>('/status'), node.get<LinkReport[]>('/links')]);
    return sampler.next({ atMs: performance.now(), status, links });
  };
  if (options.json) return streamLines(look, options);
  const first = await look();
  const { showScreen } = await import('../top/screen.js');
  await showScreen(first, look, options.interval, options.count);
}

/** A line a look, the first after one interval, for only then there are rates. */
async function streamLines(look: Look, options: TopOptions): Promise<void> {
  await look();
  for (let n = 0; options.count === undefined || n < options.count; n++) {
    await sleep(options.interval);
    process.stdout.write(`${JSON.stringify(toLine(await look()))}\n`);
  }
}

/** What a line of `top --json` holds. */
export function toLine(sample: Sample) {
  return {
    id: sample.status.id,
    uptimeSeconds: sample.status.uptimeSeconds,
    in: sample.in,
    out: sample.out,
    forwardedPerSecond: sample.forwardedPerSecond,
    deliveredPerSecond: sample.deliveredPerSecond,
    droppedPerSecond: sample.droppedPerSecond,
    routes: sample.status.routes,
    links: sample.links.map(({ link, ...rates }) => ({
      peer: link.peer,
      address: link.address,
      state: link.state,
      rttMs: link.rttMs,
      lossPercent: link.lossPercent,
      in: rates.in,
      out: rates.out,
    })),
  };
}
