/** What `portolan up` runs with: the flags over the environment over the file. A list given by flags replaces the file's list. */
import type { NodeOptions } from '../../node/options.js';
import { UsageError } from '../errors.js';
import type { FileConfig, LogFormat, LogLevel } from './config.types.js';
import { loadConfig, loadNetworkKey } from './load.js';

/** The flags that somebody gave; absent: not given. */
export interface UpFlags {
  readonly config?: string;
  readonly id?: string;
  readonly listen?: readonly string[];
  readonly peer?: readonly string[];
  readonly neighbours?: number;
  readonly bootstrap?: readonly string[];
  readonly forward?: readonly string[];
  readonly expose?: readonly string[];
  readonly networkKey?: string;
  readonly networkKeyFile?: string;
  readonly workers?: number;
  readonly packetPath?: 'auto' | 'native' | 'portable';
  readonly gso?: boolean;
  readonly gro?: boolean;
  readonly tags?: boolean;
  readonly role?: 'relay' | 'leaf';
  readonly linksPerPeer?: number;
  readonly maxLinks?: number;
  readonly emulate?: readonly string[];
  readonly maxLeaves?: number;
  readonly optimise?: boolean;
  readonly allowFaults?: boolean;
  readonly admin?: string;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

export interface Settings {
  readonly node: NodeOptions;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** `environmentKey`: the network key in PORTOLAN_NETWORK_KEY, if any. */
export function settle(flags: UpFlags, environmentKey: string | undefined): Settings {
  const file: FileConfig = flags.config === undefined ? {} : loadConfig(flags.config);
  const id = flags.id ?? file.id;
  if (id === undefined)
    throw new UsageError(
      `${flags.config ?? 'up'}: expected the node's id: --id 1.1.1.2, or "id: 1.1.1.2" in a file for --config`,
    );
  const node = withoutUndefined({
    listen: flags.listen ?? file.listen,
    peers: flags.peer ?? file.peers,
    neighbours: flags.neighbours ?? file.neighbours,
    bootstrap: flags.bootstrap ?? file.bootstrap,
    forwards: flags.forward ?? file.forwards,
    exposes: flags.expose ?? file.exposes,
    networkKey: networkKey(flags, environmentKey) ?? file.networkKey,
    workers: flags.workers ?? file.workers,
    packetPath: flags.packetPath ?? file.packetPath,
    gso: flags.gso ?? file.gso,
    gro: flags.gro ?? file.gro,
    tags: flags.tags ?? file.tags,
    role: flags.role ?? file.role,
    linksPerPeer: flags.linksPerPeer ?? file.linksPerPeer,
    maxLinks: flags.maxLinks ?? file.maxLinks,
    emulate: flags.emulate ?? file.emulate,
    maxLeaves: flags.maxLeaves ?? file.maxLeaves,
    optimise: flags.optimise ?? file.optimise,
    allowFaults: flags.allowFaults,
  });
  return {
    node: { id, ...node, admin: flags.admin ?? file.admin ?? true },
    log: { level: flags.logLevel ?? file.log?.level ?? 'info', format: flags.logFormat ?? file.log?.format ?? 'auto' },
  };
}

function networkKey(flags: UpFlags, environmentKey: string | undefined): string | undefined {
  if (flags.networkKey !== undefined && flags.networkKeyFile !== undefined)
    throw new UsageError('--network-key and --network-key-file: expected only one of the two');
  if (flags.networkKeyFile !== undefined) return loadNetworkKey(flags.networkKeyFile);
  return flags.networkKey ?? environmentKey;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Options that are absent must not be there as `undefined`. */
function withoutUndefined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}
