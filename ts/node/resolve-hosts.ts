/**
 * Resolves the names among the addresses that a node opens or sends plain UDP to: once, when they are opened. (Peers' names are the control plane's to have
 * resolved, at each dial.)
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { HostPort } from './addresses.js';
import type { NodeConfig } from './options.js';
import { startError } from './start-error.js';

/** The same options with IP addresses; throws ADDRESS_UNAVAILABLE with the option's name when a name does not resolve. */
export async function resolveHosts(config: NodeConfig): Promise<NodeConfig> {
  const [listen, forwards, exposes] = await Promise.all([
    resolveAll(config.listen, 'listen'),
    resolveAll(config.forwards, 'forwards'),
    resolveAll(config.exposes, 'exposes'),
  ]);
  return { ...config, listen, forwards, exposes };
}

function resolveAll<T extends HostPort>(addresses: readonly T[], option: string): Promise<T[]> {
  return Promise.all(
    addresses.map(async (address, index) => ({
      ...address,
      host: await resolveHost(address.host, `${option}[${index}]`),
    })),
  );
}

/** An IP address, or what a name stands for. */
export async function resolveHost(host: string, option: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw startError('ENOTFOUND', `${option}: ${host} does not resolve: ${why}`, option);
  }
}
