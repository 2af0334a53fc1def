import { deriveNetworkKey } from './network-key.js';
import { Node } from './node.js';
import { checkOptions, type NodeOptions } from './options.js';
import { openPacketPath } from './packet-path.js';
import { resolveHosts } from './resolve-hosts.js';

/**
 * Starts a node; resolves when it listens and dials its peers (not when they have answered: see the event `linkUp`). Rejects with a
 * PortolanError that says which option is wrong, or which address is taken; then nothing is left open.
 */
export async function createNode(options: NodeOptions): Promise<Node> {
  const config = await resolveHosts(checkOptions(options));
  const networkKey = await deriveNetworkKey(config.networkKey);
  config.signal?.throwIfAborted();
  const node = new Node(config, networkKey, openPacketPath(config));
  try {
    await node.start();
    return node;
  } catch (error) {
    await node.close();
    throw error;
  }
}
