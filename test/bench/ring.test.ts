import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measureRing } from '../../bench/ring.js';

test('the ring bench measures every variant beside MessagePort, and checks what it reads', async () => {
  const results = await measureRing({ rounds: 2, seconds: 0.02 });
  assert.ok(results.length >= 4);
  assert.is(results[0]?.name, 'MessagePort');
  for (const { name, messageBytes, messagesPerSecond, ratioToMessagePort, ratioLow, ratioHigh } of results) {
    assert.is(messageBytes, 64);
    assert.ok(messagesPerSecond > 0, name);
    assert.ok(ratioLow <= ratioToMessagePort && ratioToMessagePort <= ratioHigh, name);
  }
});

test.run();
