/** A packet path in words. */
import type { PacketPathReport } from '../../node/admin.types.js';

/** `native, GSO on, GRO on`. */
export function packetPathText({ kind, gso, gro }: PacketPathReport): string {
  return `${kind}, GSO ${gso}, GRO ${gro}`;
}

/** Why it is this one, without its name in front again. */
export function packetPathReason({ kind, reason }: PacketPathReport): string {
  return reason.replace(new RegExp(`^${kind}: `), '');
}
