/**
 * The demonstration's network: two ends and two relays, each a process of its own, linked over loopback.
 *
 * ```
 *              +-- B 1.1.1.2 --+
 *  A 1.1.1.1 --+               +-- C 1.1.1.3        A and C know the relays only
 *              +-- D 1.1.1.4 --+
 * ```
 */
import { randomBytes } from 'node:crypto';
import { type Fleet, WaitTimeout, waitForRoute } from '../processes/fleet.js';
import type { NodeProcess } from '../processes/node-process.js';

export interface DemoNetwork {
  readonly fleet: Fleet;
  readonly source: NodeProcess;
  readonly sink: NodeProcess;
  readonly relays: readonly NodeProcess[];
}

/** A way in reserve needs round-trip times that agree with each other: on a busy machine it may not come. Milliseconds. */
const PATIENCE_FOR_BACKUP = 4000;

/** Starts all four and waits until A has a way to C, and if possible another in reserve. */
export async function startDemoNetwork(fleet: Fleet): Promise<DemoNetwork> {
  const env = { PORTOLAN_NETWORK_KEY: randomBytes(32).toString('hex') };
  const relays = await Promise.all(['1.1.1.2', '1.1.1.4'].map((id) => fleet.start({ id, env })));
  const peers = relays.map((relay) => relay.peer);
  const [source, sink] = await Promise.all([
    fleet.start({ id: '1.1.1.1', peers, env }),
    fleet.start({ id: '1.1.1.3', peers, env }),
  ]);
  await waitForRoute(source, sink.id, () => true, 30_000);
  // Without one the cut is repaired by asking around, which takes longer and is shown all the same.
  await waitForRoute(source, sink.id, (route) => route.backup !== null, PATIENCE_FOR_BACKUP).catch(ignoreTimeout);
  return { fleet, source, sink, relays };
}

function ignoreTimeout(error: Error): void {
  if (!(error instanceof WaitTimeout)) throw error;
}
