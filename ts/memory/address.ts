/**
 * IP addresses between the text and the bytes that shared memory holds (laid out as in batch.ts).
 */
import { ADDRESS_BYTES, ADDRESS_FAMILY, ADDRESS_IP, ADDRESS_PORT, ADDRESS_SCOPE, ADDRESS_SOCKET } from './batch.js';

/** Writes an address at `at`. `host` is a textual IP address, for link-local IPv6 with a scope: `fe80::1%3`. */
export function writeAddress(view: DataView, at: number, host: string, port: number, socket: number): void {
  for (let i = 0; i < ADDRESS_BYTES; i += 4) view.setInt32(at + i, 0);
  view.setInt32(at + ADDRESS_PORT, port, true);
  view.setInt32(at + ADDRESS_SOCKET, socket, true);
  const [ip, scope] = host.split('%') as [string, string | undefined];
  const groups = ip.includes(':') ? parseIPv6(ip) : undefined;
  view.setInt32(at + ADDRESS_FAMILY, groups ? 6 : 4, true);
  if (groups) for (let i = 0; i < 8; i++) view.setUint16(at + ADDRESS_IP + 2 * i, groups[i] as number);
  else writeIPv4(view, at + ADDRESS_IP, ip);
  if (scope !== undefined) view.setInt32(at + ADDRESS_SCOPE, Number(scope) || 0, true);
}

/** The textual IP address at `at`, with its scope if it has one. */
export function readHost(view: DataView, at: number): string {
  if (view.getInt32(at + ADDRESS_FAMILY, true) === 4)
    return [0, 1, 2, 3].map((i) => view.getUint8(at + ADDRESS_IP + i)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + ADDRESS_IP + 2 * i).toString(16));
  const scope = view.getInt32(at + ADDRESS_SCOPE, true);
  return groups.join(':') + (scope === 0 ? '' : `%${scope}`);
}

export const readPort = (view: DataView, at: number): number => view.getInt32(at + ADDRESS_PORT, true);

function writeIPv4(view: DataView, at: number, ip: string): void {
  const bytes = ip.split('.');
  for (let i = 0; i < 4; i++) view.setUint8(at + i, Number(bytes[i]));
}

function parseIPv6(ip: string): number[] {
  const [head, tail] = ip.split('::') as [string, string | undefined];
  const left = groupsOf(head);
  if (tail === undefined) return left;
  const right = groupsOf(tail);
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a, b, c, d] = group.split('.').map(Number) as [number, number, number, number]; // ::ffff:1.2.3.4
    return [a * 256 + b, c * 256 + d];
  });
}

/** Whether two addresses are the same endpoint: family, port and IP. */
export function sameAddress(a: DataView, aAt: number, b: DataView, bAt: number): boolean {
  for (let i = 0; i < ADDRESS_SCOPE; i += 4) if (a.getInt32(aAt + i) !== b.getInt32(bAt + i)) return false;
  return true;
}
