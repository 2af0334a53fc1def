/** The control plane of a simulated node: the real one, with seeded entropy, and with a checker that hears of its labels. */
import type { LinkObserver, NodeRole } from '../control/io.js';
import { createControlNode } from '../control/node.js';
import type { ControlNode } from '../control/node.types.js';
import { createRouter } from '../control/routing/router.js';
import type { RouterOptions, SafetyRules } from '../control/routing/router.types.js';
import type { NodeId } from '../kit/node-id.js';
import type { Random } from '../kit/random.js';
import { addressOf, type Scheme } from './addresses.js';

/** The first of January 2026 in microseconds since 1970: when virtual time begins. */
const EPOCH_MICROS = 1_767_225_600_000_000;
/** All nodes of a simulated network share this key. */
export const NETWORK_KEY = new Uint8Array(32).fill(7);

export interface SimControlOptions {
  readonly id: NodeId;
  readonly peers: readonly NodeId[];
  /** Links that the node makes on its own, and whom it begins with. */
  readonly neighbours: number;
  readonly bootstrap: readonly NodeId[];
  /** How peers may be reached. */
  readonly schemes: readonly Scheme[];
  /** Virtual milliseconds at which it boots. */
  readonly bootedAt: number;
  readonly random: Random;
  readonly observer: LinkObserver;
  readonly role: NodeRole;
  readonly linkCapacity: number;
  readonly probeMtu: boolean;
  readonly measureBandwidth: boolean;
  readonly leafCapacity: number;
  /** Paths that may be pinned through it and from it. */
  readonly pinCapacity: number;
  readonly optimise: boolean;
  /** Sessions to open with each peer. */
  readonly linksPerPeer: number;
  readonly rules: Partial<SafetyRules> | undefined;
  readonly onLabel: NonNullable<RouterOptions['onLabel']>;
}

export function createSimControl(options: SimControlOptions): ControlNode {
  const { id, role, peers, schemes, bootedAt, random, observer, linkCapacity, leafCapacity, probeMtu, rules, onLabel } =
    options;
  const { linksPerPeer, pinCapacity, optimise, measureBandwidth, neighbours, bootstrap } = options;
  return createControlNode({
    id,
    networkKey: NETWORK_KEY,
    bootEpoch: EPOCH_MICROS + Math.round(bootedAt * 1000),
    peers: peers.flatMap((peer) => schemes.map((scheme) => ({ id: peer, ...addressOf(peer, scheme) }))),
    neighbours,
    bootstrap: bootstrap.map((begin) => ({ id: begin, ...addressOf(begin) })),
    sockets: [{ family: 4 }],
    entropy: (bytes) => Uint8Array.from({ length: bytes }, () => random.below(256)),
    random: () => random.unit(),
    observer,
    role,
    linkCapacity,
    leafCapacity,
    pinCapacity,
    optimise,
    probeMtu,
    measureBandwidth,
    linksPerPeer,
    ...(rules && { rules }),
    createRouter: (router) => createRouter({ ...router, onLabel }),
  });
}
