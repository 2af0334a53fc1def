/** Which UDP addresses a node binds: those that it was told to listen at, and those from which it dials members of bundles. */
import { isIP } from 'node:net';
import type { ControlNodeOptions } from '../control/node.types.js';
import type { HostPort } from './addresses.js';
import type { ListenAddress } from './options.js';

export type LocalSocket = ControlNodeOptions['sockets'][number];

/** An address to bind, and the member of bundles that alone is dialed from there. */
export interface BoundAddress extends HostPort {
  /** The option that asked for it, as in `listen[0]`. */
  readonly option: string;
  readonly member?: number;
}

/** The listening addresses, and for each member of bundles a port of its own beside the first address of each family. */
export function withMembers(listen: readonly ListenAddress[], linksPerPeer: number): BoundAddress[] {
  const firsts = listen.filter(
    (one, index) => listen.findIndex((other) => familyOf(other) === familyOf(one)) === index,
  );
  const members = Array.from({ length: linksPerPeer - 1 }, (_, at) => at + 1);
  return [
    ...listen,
    ...firsts.flatMap(({ host, option }) => members.map((member) => ({ host, port: 0, option, member }))),
  ];
}

export const localSocket = (address: BoundAddress): LocalSocket =>
  address.member === undefined ? { family: familyOf(address) } : { family: familyOf(address), member: address.member };

const familyOf = ({ host }: HostPort): 4 | 6 => (isIP(host) === 6 ? 6 : 4);
