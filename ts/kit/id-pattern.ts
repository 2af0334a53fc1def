/**
 * Which nodes, by their ids: one (`1.1.1.3`), or all whose leading numbers are the same (`1.1.*`, also written `1.1.*.*`).
 */
import { type NodeId, parseNodeId } from './node-id.js';

/** Ids whose bits under `mask` are those of `id`; both as signed words. */
export interface IdPattern {
  readonly id: number;
  readonly mask: number;
}

/** Reads a pattern; undefined: it is none. */
export function parseIdPattern(text: string): IdPattern | undefined {
  const match = /^((?:\d{1,3}\.){0,3})\*(?:\.\*){0,3}$/.exec(text);
  const leading = match?.[1]?.split('.').filter((part) => part !== '') ?? [];
  if (text.split('.').length > 4) return undefined;
  const id = parseNodeId(match ? [...leading, 0, 0, 0, 0].slice(0, 4).join('.') : text);
  if (id === undefined) return undefined;
  const bytes = match ? leading.length : 4;
  return { id: id | 0, mask: bytes === 0 ? 0 : -1 << (32 - 8 * bytes) };
}

export function matchesId({ id, mask }: IdPattern, node: NodeId): boolean {
  return (node & mask) === id;
}
