import type { Output } from '../../../ts/control/io.js';
import { type TagKey, tagKey } from '../../../ts/wire/tag.js';

export type Install = Extract<Output, { kind: 'linkInstall' }>;

/** A link as a node's packet path knows it. */
export interface Entry {
  readonly install: Install;
  readonly rxKey: TagKey;
  readonly txKey: TagKey;
  readonly seen: Set<number>;
  up: boolean;
  txCounter: number;
  rxFrames: number;
  rxHighest: number;
  lastHeard: number;
  lastData: number;
  mtu: number;
  timing: { silence: number; ownInterval: number; heardInterval: number } | undefined;
}

export function newEntry(install: Install, now: number): Entry {
  return {
    install,
    rxKey: tagKey(install.rxKey),
    txKey: tagKey(install.txKey),
    seen: new Set(),
    up: false,
    txCounter: 1,
    rxFrames: 0,
    rxHighest: 0,
    lastHeard: now,
    lastData: 0,
    mtu: install.mtu,
    timing: undefined,
  };
}
