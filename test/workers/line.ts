/** Three nodes in a row, A - B - C, in workers of their own over real sockets, with routes as control would set them. */

import * as assert from 'uvu/assert';
import type { WorkerStart } from '../../ts/data/worker-contract.js';
import { COUNTERS } from '../../ts/memory/counter-names.js';
import { join, WorkerNode } from './worker-node.js';

export const A = 0x01010101;
export const B = 0x01010102;
export const C = 0x01010103;

export interface Line {
  readonly a: WorkerNode;
  readonly b: WorkerNode;
  readonly c: WorkerNode;
  readonly stop: () => Promise<unknown>;
}

export async function line(
  path: WorkerStart['packetPath'],
  options: { readonly a?: Partial<WorkerStart>; readonly c?: Partial<WorkerStart> } = {},
): Promise<Line> {
  const [a, b, c] = [new WorkerNode(A, path), new WorkerNode(B, path), new WorkerNode(C, path)];
  await Promise.all([a.start(options.a), b.start(), c.start(options.c)]);
  const [aToB, bToA] = join(a, b);
  const [bToC, cToB] = join(b, c);
  a.route(C, aToB);
  a.route(B, aToB);
  b.route(A, bToA);
  b.route(C, bToC);
  c.route(A, cToB);
  return { a, b, c, stop: () => Promise.all([a.stop(), b.stop(), c.stop()]) };
}

const DROPS = COUNTERS.filter((counter) => counter.kind === 'drop').map((counter) => counter.name);

/** Nothing was lost or counted twice. */
export function assertConserved(node: WorkerNode): void {
  const n = node.counters();
  const drops = DROPS.reduce((sum, name) => sum + n[name], 0);
  const out = n.sent + n.delivered + n.echoed + n.hellosAnswered + n.hellosHeard + n.punted + n.joined + drops;
  assert.is(n.received + n.originated, out, JSON.stringify(n));
}
