import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatNodeId, idByte, nodeIdProblem, parseNodeId, sharedBytes } from '../../ts/kit/node-id.js';

test('an id is read and printed', () => {
  assert.is(parseNodeId('1.2.3.4'), 0x01020304);
  assert.is(parseNodeId('255.255.255.255'), 0xffffffff);
  assert.is(formatNodeId(0xfffefdfc), '255.254.253.252');
});

test('what is not an id is refused', () => {
  for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', ' 1.2.3.4', '-1.2.3.4'])
    assert.is(parseNodeId(text), undefined, text);
});

test('bytes and layers', () => {
  assert.is(idByte(0x80020304, 1), 0x80);
  assert.is(idByte(0x80020304, 4), 4);
  assert.is(sharedBytes(0x01020304, 0x01020304), 4);
  assert.is(sharedBytes(0x01020304, 0x01020305), 3);
  assert.is(sharedBytes(0x81020304, 0x01020304), 0);
});

test('satellites own 0.0.0', () => {
  assert.is(nodeIdProblem(0x00000001), undefined);
  assert.ok(nodeIdProblem(0));
  assert.ok(nodeIdProblem(0x01010100));
});

test.run();
