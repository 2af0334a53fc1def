/**
 * IP addresses between text and bytes: 4 of IPv4, 16 of IPv6. Scopes (`fe80::1%eth0`) mean something on one machine only, and are no part of the bytes.
 */

/** The bytes of a textual IP address; undefined when it is none, or has a scope. */
export function ipBytes(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return ipv4Bytes(text);
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map(groupsOf);
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined;
  const missing = 16 - left.length - (right?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.of(...left, ...new Uint8Array(missing), ...(right ?? []));
}

/** The text of an address of 4 or 16 bytes, that of IPv6 as inet_ntop(3) writes it (RFC 5952); undefined for any other number of bytes. */
export function ipText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  if (isMapped(bytes)) return `::ffff:${bytes.subarray(12).join('.')}`;
  if (isCompatible(bytes)) return `::${bytes.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number));
  const { start, length } = longestZeros(groups);
  return length < 2 ? print(groups) : `${print(groups.slice(0, start))}::${print(groups.slice(start + length))}`;
}

const print = (groups: readonly number[]) => groups.map((group) => group.toString(16)).join(':');

const isByte = (part: string) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255;

function ipv4Bytes(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  return parts.length === 4 && parts.every(isByte) ? Uint8Array.from(parts, Number) : undefined;
}

/** The bytes of some groups between colons, the last of which may be an IPv4 address; undefined: they are none. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const dotted = index === groups.length - 1 ? ipv4Bytes(group) : undefined;
    if (dotted) bytes.push(...dotted);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 255);
    } else return undefined;
  }
  return bytes.length <= 16 ? bytes : undefined;
}

/** An IPv4 address within IPv6: `::ffff:a.b.c.d`. */
const isMapped = (bytes: Uint8Array): boolean =>
  bytes[10] === 255 && bytes[11] === 255 && bytes.subarray(0, 10).every((byte) => byte === 0);

/** IPv4 as it was once embedded (RFC 4291, 2.5.5.1): `::a.b.c.d`, where a or b is not 0. */
const isCompatible = (bytes: Uint8Array): boolean =>
  bytes.subarray(0, 12).every((byte) => byte === 0) && (bytes[12] !== 0 || bytes[13] !== 0);

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
