/**
 * Copies `length` bytes between two memories. A loop over words, for `subarray` and `set` would allocate a view a packet.
 */
export function copyBytes(from: DataView, fromAt: number, to: DataView, toAt: number, length: number): void {
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) to.setInt32(toAt + i, from.getInt32(fromAt + i));
  for (let i = words; i < length; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i));
}
