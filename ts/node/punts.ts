/**
 * What workers hand up for the control plane: read from their rings, copied, and given to it as inputs.
 */
import type { TransportAddress } from '../control/io.js';
import type { ControlNode } from '../control/node.types.js';
import { readHandedUp } from '../memory/handed-up.js';
import type { ControlDriver } from './control-driver.js';
import { readAddress } from './ip.js';
import type { WorkerRings } from './worker-rings.js';

/** Records taken from one worker in one go, so that timers and sockets have their turn too. */
const RECORDS_AT_ONCE = 256;

/** Gives the control plane what waits in one worker's ring; returns whether there may be more. */
export function drainPunts(rings: WorkerRings, driver: ControlDriver): boolean {
  const { view, bytes } = rings.controlMemory;
  let records = 0;
  driver.batch(() => {
    records = rings.readControl((_type, at, length) => {
      driver.input((control, now) => dispatch(control, now, rings.scheme, view, bytes, at, length));
    }, RECORDS_AT_ONCE);
  });
  return records === RECORDS_AT_ONCE;
}

function dispatch(
  control: ControlNode,
  now: number,
  scheme: TransportAddress['scheme'],
  view: DataView,
  bytes: Uint8Array,
  at: number,
  length: number,
): void {
  const handed = readHandedUp(view, bytes, at, length);
  if (handed === undefined) return;
  if (handed.kind === 'linkDowned') return control.handleLinkDown(handed.link, now, handed.cause);
  const frame = Uint8Array.from(handed.frame); // out of shared memory: control may decode at leisure
  const receivedAt = Math.min(now, handed.receivedAt);
  if (handed.kind === 'packet') return control.handlePacket({ ...handed, frame, receivedAt }, now);
  const { link, type, address } = handed;
  const from = address === undefined ? undefined : readAddress(view, address, scheme);
  control.handleFrame({ link, type, frame, receivedAt, ...from }, now);
}
