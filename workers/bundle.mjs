// Bundles each worker into one file of dist/bundle: offsets imported from another module cost twice what
// constants of the same module do, and a bundle makes them one module.
//
// And `portolan up`, with all that it imports, into dist/bundle/cli/up.js: to find, read and link some 500 small files costs Node more than the
// rest of a node's start. The file lies as deep as what it is made of (dist/ts/*/*.js), so that paths relative to a module stay right.
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

const root = new URL('..', import.meta.url).pathname;
await build({
  entryPoints: [`${root}ts/cli/commands/up.ts`],
  outfile: `${root}dist/bundle/cli/up.js`,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  minify: true, // less to parse
  keepNames: true,
  logLevel: 'warning',
  // CommonJS packages inside ask for Node's modules by `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  plugins: [
    {
      // The command line tells its errors by their classes: there must be one copy of them.
      name: 'shared errors',
      setup: (compiler) =>
        compiler.onResolve({ filter: /^\.\.\/errors\.js$/ }, ({ resolveDir }) =>
          resolveDir.startsWith(`${root}ts/cli`) ? { path: '../../ts/cli/errors.js', external: true } : undefined,
        ),
    },
  ],
});
