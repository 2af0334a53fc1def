import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { matchesId, parseIdPattern } from '../../ts/kit/id-pattern.js';
import { formatNodeId, parseNodeId, sharedBytes } from '../../ts/kit/node-id.js';

const matches = (pattern: string, id: string) => {
  const parsed = parseIdPattern(pattern);
  return parsed && matchesId(parsed, parseNodeId(id) ?? 0);
};

test('an id, or what begins with the same numbers', () => {
  assert.is(matches('200.1.1.3', '200.1.1.3'), true);
  assert.is(matches('200.1.1.3', '200.1.1.4'), false);
  for (const pattern of ['200.1.*', '200.1.*.*']) {
    assert.is(matches(pattern, '200.1.255.1'), true);
    assert.is(matches(pattern, '200.2.1.1'), false);
  }
  assert.is(matches('*', '9.9.9.9'), true);
});

test('anything else is none', () => {
  for (const text of ['', '1', '1.1', '1.*.1.1', '1.1.1.1.*', '1.1.*.*.*', '256.*', '1..*', '*1', '1.1.1.*x', 'me'])
    assert.is(parseIdPattern(text), undefined, text);
});

test('as many leading bytes as are given must be shared', () => {
  const id = fc.nat(0xffff_ffff);
  fc.assert(
    fc.property(id, id, fc.integer({ min: 0, max: 3 }), (a, b, bytes) => {
      const text = [...formatNodeId(a).split('.').slice(0, bytes), '*'].join('.');
      assert.is(matches(text, formatNodeId(b)), sharedBytes(a, b) >= bytes);
      assert.is(matches(text, formatNodeId(a)), true);
    }),
  );
});

test.run();
