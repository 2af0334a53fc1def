/** The configuration of a node as docs/portolan.schema.json describes it, checked. */
export interface FileConfig {
  readonly id?: string;
  readonly listen?: readonly string[];
  readonly peers?: readonly string[];
  readonly neighbours?: number;
  readonly bootstrap?: readonly string[];
  /** 64 hexadecimal digits or a passphrase. */
  readonly networkKey?: string;
  readonly networkKeyFile?: string;
  readonly forwards?: readonly string[];
  readonly exposes?: readonly string[];
  readonly admin?: string;
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
  readonly log?: { readonly level?: LogLevel; readonly format?: LogFormat };
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFormat = 'auto' | 'json' | 'text';
