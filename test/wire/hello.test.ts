import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HELLO_BYTES, readHello, writeHello } from '../../ts/wire/hello.js';
import { readVectors } from './vectors.js';

const uint32 = fc.nat(0xffffffff);

test('a hello survives the wire', () => {
  const hello = fc.record(
    {
      reply: fc.boolean(),
      fastConfirmed: fc.boolean(),
      quiet: fc.boolean(),
      probesLost: fc.nat(0xffff),
      sequence: uint32,
      interval: uint32,
      heardInterval: uint32,
      clock: fc.maxSafeNat(),
      lastCounter: fc.maxSafeNat(),
      received: fc.maxSafeNat(),
      sent: fc.maxSafeNat(),
      held: uint32,
      size: uint32,
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(hello, fc.nat(64), (value, padding) => {
      const payload = new Uint8Array(HELLO_BYTES + padding);
      writeHello(payload, value);
      assert.equal(readHello(payload), value);
    }),
  );
});

test('any bytes are a hello or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.is(readHello(bytes) === undefined, bytes.length < HELLO_BYTES);
    }),
  );
});

test('the golden hello', () => {
  const vector = readVectors().find(({ name }) => name === 'hello');
  assert.equal(readHello(vector?.bytes('payload') ?? new Uint8Array()), {
    reply: false,
    fastConfirmed: false,
    quiet: false,
    probesLost: 0,
    sequence: 9,
    interval: 50,
    heardInterval: 500,
    clock: 123456789,
    lastCounter: 41,
    received: 40,
    sent: 44,
    held: 0,
    size: 0,
  });
});

test.run();
