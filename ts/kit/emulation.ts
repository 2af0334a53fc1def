/**
 * What an emulated network does to frames, and to which. Read from what people wrote by ts/node/emulation.ts, done by ts/data/emulation.
 */

/** One direction of a wire. Quantities at 0 do nothing. */
export interface EmulationModel {
  /** Propagation, ms: 0..60000. */
  readonly delay: number;
  /** Each frame's delay is uniform within this much of `delay`, ms; frames keep their order. 0..60000. */
  readonly jitter: number;
  /** The share of frames that are lost, 0..1, each for itself. */
  readonly loss: number;
  /** The share of frames that skip the delay, and so overtake others, 0..1. */
  readonly reorder: number;
  /** Bytes a millisecond (1 = 8 kbit/s); 0: no limit. */
  readonly rate: number;
  /** How long a frame may wait for the wire before it is dropped, ms: 0..10000. Without a rate nothing waits. */
  readonly queue: number;
  /** Frames of more bytes vanish; 0: none do. */
  readonly mtu: number;
}

/** What a rule is about: all that leaves, what leaves by some of the listening addresses, or what is sent to a peer. */
export type EmulationTarget =
  | { readonly kind: 'all' }
  | { readonly kind: 'listen'; readonly sockets: readonly number[] }
  | { readonly kind: 'peer'; readonly peer: number };

export interface EmulationRule {
  readonly target: EmulationTarget;
  readonly model: EmulationModel;
}

/**
 * The rule for frames that leave by listening address `socket` to `peer` (0: not known): a rule about the peer before one about the address before one
 * about everything, and of those alike the last. -1: none.
 */
export function ruleFor(rules: readonly EmulationRule[], socket: number, peer: number): number {
  const bestOf = (matches: (target: EmulationTarget) => boolean) =>
    rules.findLastIndex(({ target }) => matches(target));
  const forPeer = bestOf((target) => target.kind === 'peer' && peer !== 0 && target.peer === peer);
  if (forPeer >= 0) return forPeer;
  const forSocket = bestOf((target) => target.kind === 'listen' && target.sockets.includes(socket));
  return forSocket >= 0 ? forSocket : bestOf((target) => target.kind === 'all');
}
