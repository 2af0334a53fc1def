/**
 * Writes native/layout.h: the constants that native code shares with TypeScript (memory layout, wire offsets, places of the counters).
 * TypeScript is their one source; a test checks that the header is up to date. Run it by `npm run layout`.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as batch from '../ts/memory/batch.js';
import * as blocks from '../ts/memory/blocks.js';
import { COUNTERS } from '../ts/memory/counter-names.js';
import * as gate from '../ts/memory/handshake-gate.js';
import * as links from '../ts/memory/link-table.js';
import * as region from '../ts/memory/region.js';
import * as workerState from '../ts/memory/worker-state.js';
import * as linkHeader from '../ts/wire/link-header.js';
import * as networkHeader from '../ts/wire/network-header.js';

const MODULES: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['ts/memory/region.ts', region],
  ['ts/memory/handshake-gate.ts', gate],
  ['ts/memory/worker-state.ts', workerState],
  ['ts/memory/link-table.ts', links],
  ['ts/memory/blocks.ts', blocks],
  ['ts/memory/batch.ts', batch],
  ['ts/wire/link-header.ts', linkHeader],
  ['ts/wire/network-header.ts', networkHeader],
];

/** The whole text of layout.h. */
export function renderLayout(): string {
  const constants = renderConstants();
  return [
    '// Written by `npm run layout` from the TypeScript constants: change those, not this.',
    '#pragma once\n',
    '#include <cstdint>\n',
    'namespace portolan::layout {\n',
    '/// Of all that follows: an addon that was built for other constants is refused (ts/edge/native/addon.ts).',
    `inline constexpr const char* FINGERPRINT = "${fingerprintOf(constants)}";\n`,
    constants,
    '}  // namespace portolan::layout\n',
  ].join('\n');
}

/** The whole text of ts/edge/native/layout-fingerprint.ts. */
export function renderFingerprint(): string {
  return `// Written by \`npm run layout\`, like native/layout.h: of the constants that TypeScript and native code share.\nexport const LAYOUT_FINGERPRINT = '${fingerprintOf(renderConstants())}';\n`;
}

function renderConstants(): string {
  const parts = MODULES.map(([file, exported]) => `// ${file}\n${constantsOf(exported)}`);
  const counters = COUNTERS.map(({ name, sentence }, place) => `/// ${sentence}\n  ${pascal(name)} = ${place},`);
  return [
    parts.join('\n\n'),
    '',
    '// ts/memory/counter-names.ts: places in a counter block',
    `inline constexpr uint32_t COUNTER_COUNT = ${COUNTERS.length};`,
    `enum class Counter : uint32_t {\n  ${counters.join('\n  ')}\n};\n`,
  ].join('\n');
}

function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Upper-case numbers become constants, records of numbers (LinkState, RunKind ...) become enumerations; all else is TypeScript's own. */
function constantsOf(exported: Readonly<Record<string, unknown>>): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value === 'number') lines.push(`inline constexpr uint32_t ${name} = ${value};`);
    else if (isRecordOfNumbers(value)) {
      const members = Object.entries(value).map(([member, number]) => `${pascal(member)} = ${number}`);
      lines.push(`enum class ${name} : uint32_t { ${members.join(', ')} };`);
    }
  }
  return lines.join('\n');
}

function isRecordOfNumbers(value: unknown): value is Readonly<Record<string, number>> {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((member) => typeof member === 'number')
  );
}

const pascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

const OUTPUTS = [
  ['../../native/layout.h', renderLayout],
  ['../../ts/edge/native/layout-fingerprint.ts', renderFingerprint],
] as const;

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, render] of OUTPUTS) {
    const file = new URL(name, import.meta.url);
    if (readFileSync(file, { encoding: 'utf8', flag: 'a+' }) !== render()) writeFileSync(file, render());
  }
