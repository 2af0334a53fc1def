/** What passes between the nodes of a test world. */
import type { TransportAddress } from '../../../ts/control/io.js';

export type Scheme = TransportAddress['scheme'];

/** A datagram, or a frame of a stream, under way. Returning false from `World.filter` drops it. */
export interface Datagram {
  readonly from: string;
  readonly to: string;
  readonly frame: Uint8Array;
  readonly type: number;
  readonly scheme: Scheme;
}
