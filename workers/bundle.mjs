// Bundles each worker into one file of dist/bundle: offsets imported from another module cost twice what
// constants of the same module do, and a bundle makes them one module.
import { readdirSync } from 'node:fs';
import { build } from 'esbuild';

const folder = new URL('.', import.meta.url).pathname;
const entryPoints = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `${folder}${name}`);

if (entryPoints.length > 0)
  await build({
    entryPoints,
    outdir: new URL('../dist/bundle', import.meta.url).pathname,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'warning',
  });
