import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inHand, onTheWire, type Told } from '../../ts/memory/conservation.js';
import { COUNTERS, type Counter } from '../../ts/memory/counter-names.js';

const told = (counts: Partial<Record<Counter, number>>): Told =>
  ({ ...Object.fromEntries(COUNTERS.map(({ name }) => [name, 0])), ...counts }) as Told;

test('each kind of end takes a frame out of hand: every drop counter, and each fate', () => {
  const ends: Counter[] = ['sent', 'delivered', 'echoed', 'hellosAnswered', 'hellosHeard', 'punted', 'joined'];
  for (const { name, kind } of COUNTERS) {
    const isEnd = kind === 'drop' || ends.includes(name);
    const isStart = name === 'received' || name === 'originated';
    assert.is(inHand(told({ [name]: 1 })), isStart ? 1 : isEnd ? -1 : 0, name);
  }
});

test('on the wire is what was sent, less what was received or dropped by the kernel', () => {
  assert.is(onTheWire([told({ sent: 10, received: 3 }), told({ sent: 1, received: 5, socketOverflows: 2 })]), 1);
});

test.run();
