import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderFingerprint, renderLayout } from '../../native/write-layout.js';

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

test('native/layout.h holds the TypeScript constants (if not: npm run layout)', () => {
  assert.is(read('native/layout.h'), renderLayout());
  assert.is(read('ts/edge/native/layout-fingerprint.ts'), renderFingerprint());
});

test.run();
