/**
 * Node ids: 32 bits, written `geo1.geo2.group.index`, held as an unsigned 32-bit number.
 *
 * Layer n (1..4) of an id is its n-th byte. Two ids *share* p leading bytes; the layer in which
 * they first differ is p + 1.
 */

/** A node id: an integer from 0 to 2^32 - 1. 0 is never a node's id. */
export type NodeId = number;

/** One of the four layers of an id: 1 = geo1, 2 = geo2, 3 = group, 4 = index. */
export type Layer = 1 | 2 | 3 | 4;

export const LAYERS: readonly Layer[] = [1, 2, 3, 4];

const PATTERN = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Parses `1.2.3.4`; `undefined` when the text is not an id. */
export function parseNodeId(text: string): NodeId | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  let id = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = Number(match[i]);
    if (byte > 255) return undefined;
    id = id * 256 + byte;
  }
  return id;
}

/** Prints an id as `1.2.3.4`. */
export function formatNodeId(id: NodeId): string {
  return `${id >>> 24}.${(id >>> 16) & 255}.${(id >>> 8) & 255}.${id & 255}`;
}

/** The byte of `id` in `layer`. */
export function idByte(id: NodeId, layer: Layer): number {
  return (id >>> (8 * (4 - layer))) & 255;
}

/** How many leading bytes two ids share: 0..4 (4 means equal). */
export function sharedBytes(a: NodeId, b: NodeId): 0 | 1 | 2 | 3 | 4 {
  const difference = (a ^ b) >>> 0;
  if (difference === 0) return 4;
  return (Math.clz32(difference) >>> 3) as 0 | 1 | 2 | 3;
}

/** Why an id may not be given to a node, or `undefined` when it may (satellites: 0.0.0.0-255 are theirs). */
export function nodeIdProblem(id: NodeId): string | undefined {
  if (id === 0) return '0.0.0.0 is nobody';
  const isSatellite = id >>> 8 === 0;
  if (!isSatellite && (id & 255) === 0) return 'index 0 is kept for satellites';
  return undefined;
}
