/** What a simulated node is made of. */
import type { NodeRole } from '../control/io.js';
import type { NodeId } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import type { Scratch } from './scratch.js';
import type { World } from './world.js';

/** What a simulated node lives in: a {@link World}, or whatever drives the same node by a real clock over real sockets (bench/lib/leaf-swarm.ts). */
export interface NodeWorld
  extends Pick<
    World,
    'queue' | 'checker' | 'watch' | 'pins' | 'traffic' | 'options' | 'controlBytes' | 'isTold' | 'note' | 'ownPins'
  > {
  readonly network: Pick<World['network'], 'attach' | 'send'>;
}

export interface SimNodeOptions {
  readonly id: NodeId;
  readonly peers: readonly NodeId[];
  /** Whom it begins with, where neighbours are chosen. */
  readonly bootstrap?: readonly NodeId[];
  /** Wires at this node: how many links it may come to have. */
  readonly degree: number;
  /** Leaves that may come to be linked with it. */
  readonly leaves?: number;
  readonly role?: NodeRole;
  readonly world: NodeWorld;
  readonly scratch: Scratch;
  readonly random: Random;
}
