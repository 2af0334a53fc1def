/** Optimiser and detours over a node on which nothing can be relied: answers late, never or twice, pins that end at any time. Nothing is left behind. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Detours } from '../../../ts/control/optimiser/detours.js';
import { Optimiser } from '../../../ts/control/optimiser/optimiser.js';
import type { OptimiserHost } from '../../../ts/control/optimiser/optimiser.types.js';
import { type Random, seededRandom } from '../../../ts/kit/random.js';

const DESTINATIONS = 100;
const SECOND = 1000;
const ADDRESS = { scheme: 'udp', family: 4, host: '10.0.0.9', port: 7000 } as const;

class ChaosHost implements OptimiserHost {
  readonly random: Random;
  readonly pinned = new Map<number, number>();
  readonly #tell: { readonly at: number; readonly work: () => void }[] = [];
  questions = 0;
  granted = 0;
  now = 0;
  client!: Optimiser | Detours;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  follow(number: number): void {
    this.#answer(number);
  }

  ask(number: number): void {
    this.#answer(number);
  }

  pin(number: number, path: readonly number[]): boolean {
    if (this.random.chance(0.1)) return false;
    this.pinned.set(number, path.at(-1) as number);
    this.#later(() => {
      if (!this.pinned.has(number)) return;
      const isGranted = this.random.chance(0.8);
      if (isGranted) this.granted++;
      else this.pinned.delete(number);
      this.client.handlePin(number, isGranted ? { kind: 'granted', rttMs: this.#rtt() } : { kind: 'ended' }, this.now);
    });
    return true;
  }

  unpin(number: number): void {
    this.pinned.delete(number);
  }

  /** Links that were made: those that are up. */
  readonly linked = new Map<number, boolean>();
  made = 0;

  direct(destination: number) {
    if (!this.linked.get(destination)) return undefined;
    return { rttMs: this.#rtt(), cost: 1, mbps: Infinity, delivery: 1, hops: 1 };
  }

  measure(destination: number): boolean {
    if (this.random.chance(0.1)) return false;
    const rttMs = this.random.chance(0.2) ? undefined : this.#rtt() / 4;
    this.#later(() => this.#optimiser?.handleMeasured(destination, rttMs, this.now));
    return true;
  }

  connect(destination: number): boolean {
    if (this.random.chance(0.1)) return false;
    assert.not.ok(this.linked.has(destination), 'it is made once');
    this.made++;
    this.linked.set(destination, false);
    this.#later(() => {
      if (!this.linked.has(destination)) return;
      this.linked.set(destination, true);
      this.#optimiser?.handleLinkUp(destination, this.now);
    });
    if (this.random.chance(0.3)) this.#later(() => this.#loseLink(destination));
    return true;
  }

  disconnect(destination: number): void {
    assert.ok(this.linked.delete(destination), 'what is ended was made');
  }

  #loseLink(destination: number): void {
    if (this.linked.delete(destination)) this.#optimiser?.handleLinkGone(destination, this.now);
  }

  get #optimiser(): Optimiser | undefined {
    return this.client instanceof Optimiser ? this.client : undefined;
  }

  isTaken(destination: number): boolean {
    return destination % 50 === 0;
  }

  /** A second passes. */
  second(): void {
    const end = this.now + SECOND;
    for (const [number] of this.pinned) {
      if (this.random.chance(0.02)) {
        this.pinned.delete(number);
        this.client.handlePin(number, { kind: 'ended' }, this.now);
      } else if (this.random.chance(0.1))
        this.client.handlePin(number, { kind: 'granted', rttMs: this.#rtt() }, this.now);
    }
    for (;;) {
      this.#tell.sort((a, b) => a.at - b.at);
      const at = Math.min(this.#tell[0]?.at ?? Infinity, this.client.nextTimeout());
      if (at > end) break;
      this.now = Math.max(this.now, at);
      if ((this.#tell[0]?.at ?? Infinity) <= this.now) this.#tell.shift()?.work();
      else this.client.handleTimeout(this.now);
    }
    this.now = end;
  }

  #answer(number: number): void {
    this.questions++;
    if (this.random.chance(0.05)) return;
    const path = [1, 2 + this.random.below(5), 1 + this.random.below(DESTINATIONS)];
    const addresses = this.random.chance(0.5) ? [ADDRESS] : [];
    const measure = { rttMs: this.#rtt(), cost: 2, mbps: Infinity, delivery: 1, hops: 2 };
    const result = this.random.chance(0.6)
      ? ({ kind: 'found', path, measure, addresses } as const)
      : ({ kind: 'refused', reason: 'late', best: undefined } as const);
    const tell = () => this.client.handleResult(number, result, this.now);
    if (this.random.chance(0.2)) tell();
    if (this.random.chance(0.9)) this.#later(tell);
  }

  #later(work: () => void): void {
    this.#tell.push({ at: this.now + this.random.below(this.random.chance(0.9) ? SECOND : 15 * SECOND), work });
  }

  #rtt(): number {
    return 1 + this.random.below(200);
  }
}

function assertNothingIsLeft(host: ChaosHost): void {
  assert.ok(host.granted >= 5, `${host.granted} pins were granted meanwhile`);
  for (let second = 0; second < 120; second++) host.second();
  assert.is(host.pinned.size, 0, 'no pin is left');
  assert.is(host.client.nextTimeout(), Infinity, 'no timer is left');
  assert.equal(host.client.pins(), []);
}

function samples(host: ChaosHost, count: number) {
  return Array.from({ length: count }, () => {
    return { destination: 1 + host.random.below(DESTINATIONS), trafficClass: 0, packets: host.random.below(200) };
  });
}

test('the optimiser: within its limits, and nothing left when the flows have ended', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const host = new ChaosHost(seed);
      const optimiser = new Optimiser(host);
      host.client = optimiser;
      for (let second = 0; second < 200; second++) {
        optimiser.handleFlows(samples(host, 30), host.now);
        if (host.random.chance(0.1)) optimiser.release(1 + host.random.below(DESTINATIONS), host.now);
        host.second();
        assert.ok(optimiser.tended <= 64);
        assert.ok(host.pinned.size <= 2 * 64);
        assert.ok(host.linked.size <= 8);
      }
      assert.ok(host.questions <= 2 * 200 + 4, `${host.questions} questions in 200 s`);
      assertNothingIsLeft(host);
      assert.ok(host.made > 0, 'links were made meanwhile');
      assert.is(host.linked.size, 0, 'no link is left');
    }),
    { numRuns: 25 },
  );
});

test('detours: within their limits, and nothing left when the errors have ended', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const host = new ChaosHost(seed);
      const detours = new Detours(host);
      host.client = detours;
      for (let second = 0; second < 100; second++) {
        detours.handleFlows(samples(host, 10), host.now);
        for (let error = 0; error < 20; error++)
          detours.unreachable(1 + host.random.below(DESTINATIONS), 0, 200 + host.random.below(3), host.now);
        if (host.random.chance(0.1)) detours.release(1 + host.random.below(DESTINATIONS));
        host.second();
        assert.ok(host.pinned.size <= 64);
      }
      assertNothingIsLeft(host);
    }),
    { numRuns: 25 },
  );
});

test.run();
