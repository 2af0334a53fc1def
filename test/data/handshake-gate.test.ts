/** Which handshake frames a worker hands up, by a clock of the test's own. (That both ports do so: test/edge/port-behaviour.ts.) */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HandshakeGate } from '../../ts/data/handshake-gate.js';
import { RunKind } from '../../ts/memory/batch.js';
import { COUNTER } from '../../ts/memory/counter-names.js';
import { storeHandshakeKey } from '../../ts/memory/handshake-gate.js';
import { createRegion } from '../../ts/memory/region.js';
import { HandshakeFrames } from '../../ts/wire/handshake-frame.js';
import { networkSecrets } from '../../ts/wire/session-keys.js';

const OURS = networkSecrets(new Uint8Array(32).fill(7));
const THEIRS = networkSecrets(new Uint8Array(32).fill(8));

const reject = (secrets: typeof OURS): Uint8Array =>
  new HandshakeFrames(secrets).seal(
    { kind: 'reject', reason: 'full', dialerNonce: new Uint8Array(16), version: 1, id: 1 },
    1,
    2,
  );
const GOOD = reject(OURS);
const FOREIGN = reject(THEIRS);
const FORGED = Uint8Array.from(GOOD, (byte, at) => (at === GOOD.length - 1 ? byte ^ 1 : byte));

class Gate {
  readonly #slab = new DataView(new SharedArrayBuffer(4096));
  readonly #gate: HandshakeGate;

  constructor(isKeyed = true) {
    const region = createRegion({ workers: 1, links: 16 });
    if (isKeyed) storeHandshakeKey(region, OURS);
    this.#gate = new HandshakeGate(region, this.#slab);
  }

  judge(frame: Uint8Array, now: number): number {
    new Uint8Array(this.#slab.buffer).set(frame, 64);
    return this.#gate.judge(64, frame.byteLength, now);
  }

  /** How many of `count` frames pass. */
  passed(count: number, frame: Uint8Array, now: number): number {
    let passed = 0;
    for (let i = 0; i < count; i++) if (this.judge(frame, now) === RunKind.Handshake) passed++;
    return passed;
  }
}

test('a storm passes as the control plane can bear it: a burst, and then so many a second', () => {
  const gate = new Gate();
  assert.is(gate.passed(3000, GOOD, 10_000), 2048);
  assert.is(gate.judge(GOOD, 10_000), ~COUNTER.handshakeLimited);
  assert.is(gate.passed(3000, GOOD, 10_100), 200);
  assert.is(gate.passed(3000, GOOD, 20_000), 2048);
});

test('a flood of made-up frames takes nothing from those who know the network key', () => {
  const gate = new Gate();
  for (let now = 10_000; now < 11_000; now += 10) {
    for (let i = 0; i < 100; i++) assert.is(gate.judge(FORGED, now), ~COUNTER.badTag);
    gate.passed(100, FOREIGN, now);
    assert.is(gate.passed(20, GOOD, now), 20, `at ${now}`);
  }
});

test('frames of another network are handed up too, a few', () => {
  const gate = new Gate();
  assert.is(gate.passed(1000, FOREIGN, 10_000), 50);
  assert.is(gate.passed(1000, FOREIGN, 11_000), 50);
});

test('where the key is not known, every frame is of another network', () => {
  const gate = new Gate(false);
  assert.is(gate.passed(1000, GOOD, 10_000), 50);
  assert.is(gate.judge(FORGED, 12_000), RunKind.Handshake);
});

test.run();
