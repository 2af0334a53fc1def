/**
 * Loads the native addon, or says why it cannot: then Portolan runs on its portable twin.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeAddon } from './addon.types.js';
import { LAYOUT_FINGERPRINT } from './layout-fingerprint.js';

/** The addon, or in words that a person can act on why there is none. */
export type LoadedAddon =
  | { readonly addon: NativeAddon; readonly reason: '' }
  | { readonly addon: undefined; readonly reason: string };

/** Loads the addon into this thread. It costs some milliseconds; Node keeps what it has loaded. */
export function loadAddon(environment: NodeJS.ProcessEnv = process.env): LoadedAddon {
  if (environment['PORTOLAN_NO_NATIVE'] === '1') return none('switched off by PORTOLAN_NO_NATIVE');
  if (process.platform !== 'linux') return none(`the native packet path is for Linux, and this is ${process.platform}`);
  const file = candidates().find(existsSync);
  if (file === undefined) return none('not built: npm run build:native says what is missing');
  try {
    const addon = createRequire(import.meta.url)(file) as NativeAddon;
    if (addon.layout !== LAYOUT_FINGERPRINT)
      return none('built for another version of Portolan: run npm run build:native');
    return { addon, reason: '' };
  } catch (error) {
    return none(`${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function none(reason: string): LoadedAddon {
  return { addon: undefined, reason };
}

/** Where an addon may lie: built here, or brought along by a published package. */
function candidates(): string[] {
  const root = packageRoot();
  return [
    join(root, 'build/Release/portolan.node'),
    join(root, `prebuilds/${process.platform}-${process.arch}/portolan.node`),
  ];
}

/** The nearest folder upwards with a package.json: this file may run from dist/ts/edge/native or from a bundle in dist/bundle. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
