/** News that is passed over would have changed nothing: random histories of a slot, in which every message is evaluated in full. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Decision } from '../../../ts/control/routing/decision.js';
import { isIndifferent } from '../../../ts/control/routing/indifference.js';
import { plainLink } from '../../../ts/control/routing/link-quality.js';
import type { Neighbour } from '../../../ts/control/routing/neighbour.js';
import { storePending } from '../../../ts/control/routing/requests.js';
import { ALL_ON } from '../../../ts/control/routing/safety-rules.js';
import { Sessions } from '../../../ts/control/routing/sessions.js';
import { type Advert, advertised, type Slot, slotKey } from '../../../ts/control/routing/slot-state.js';
import { RoutingState } from '../../../ts/control/routing/state.js';
import { SyncBuilder } from '../../../ts/control/routing/sync-builder.js';
import { INFINITE } from '../../../ts/wire/routing-entry.js';

const SELF = 0x01010101;
const LINKS = 5;
/** One class whose metric is a sum, and the one that is not isotone. */
const CLASSES = [0, 3];

type Said = Pick<Advert, 'seqno' | 'distance' | 'metric' | 'hops'>;
const RETRACTION: Said = { seqno: 0, distance: 0, metric: INFINITE, hops: 0 };

type Step =
  | { readonly kind: 'tell'; readonly link: number; readonly said: Said }
  | { readonly kind: 'rtt'; readonly link: number; readonly rtt: number }
  | {
      readonly kind: 'ask';
      readonly link: number;
      readonly bump: boolean;
      readonly seqno: number;
      readonly distance: number;
    }
  | { readonly kind: 'flap'; readonly link: number }
  | { readonly kind: 'pass'; readonly ms: number; readonly late: boolean };

const link = fc.integer({ min: 1, max: LINKS });
const seqno = fc.integer({ min: 100, max: 102 });
/** Of three widths: to a class that adds up, they are just far. */
const distance = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 2 }))
  .map(([n, narrow]) => 50 * n + (narrow << 20));
const said = fc.record({ seqno, distance, metric: distance, hops: fc.constant(1) });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('tell' as const), link, said }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tell' as const), link, said: fc.constant(RETRACTION) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('rtt' as const), link, rtt: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const), link, bump: fc.boolean(), seqno, distance }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flap' as const), link }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.integer({ min: 1, max: 2000 }),
      late: fc.boolean(),
    }),
  },
);

/** One slot with its neighbours. */
class History {
  readonly state = new RoutingState(SELF, ALL_ON, () => 0.5, undefined, 4, 1);
  readonly decision = new Decision(this.state);
  readonly slot: Slot;
  readonly sessions = new Sessions(this.state, this.decision, (neighbour) => ({
    builder: new SyncBuilder(),
    random: () => 0.5,
    rtt: () => neighbour.rtt,
    bandwidth: () => 0,
    wake: () => this.wakes++,
    isSharedZone: () => false,
    needsRequest: () => true,
    wanted: () => advertised(this.slot, neighbour),
  }));
  wakes = 0;
  now = 0;
  passedOver = 0;

  constructor(readonly key: number) {
    this.slot = this.state.slots.obtain(key);
    for (let n = 1; n <= LINKS; n++) this.sessions.up(n, SELF + n, plainLink(10), 0);
  }

  run(action: Step): void {
    const { decision, slot, now } = this;
    if (action.kind === 'pass') return this.#pass(action);
    const neighbour = this.state.neighbours.get(action.link) as Neighbour;
    if (action.kind === 'tell') return this.#tell(neighbour, action.said);
    if (action.kind === 'flap') {
      this.sessions.down(neighbour, now);
      this.sessions.up(action.link, neighbour.peer, plainLink(10), now);
    } else if (action.kind === 'ask') {
      storePending(slot, neighbour, { ...action, optimise: false, hopBudget: 32 }, now);
      decision.evaluate(slot, 'request', now);
    } else {
      neighbour.measure(plainLink(action.rtt));
      if (neighbour.adverts.has(this.key)) decision.evaluate(slot, 'link', now);
    }
  }

  /** `late`: the timers run only after messages that come next. */
  #pass({ ms, late }: { readonly ms: number; readonly late: boolean }): void {
    this.now += ms;
    if (late) return;
    for (let due = this.state.slotTimers.pop(this.now); due; due = this.state.slotTimers.pop(this.now))
      this.decision.evaluate(due, 'timer', this.now);
  }

  #tell(neighbour: Neighbour, news: Said): void {
    const { slot, now } = this;
    const known = neighbour.adverts.get(this.key);
    const advert: Advert = known ?? { neighbour, version: 1, ...news };
    const isNews = !known || Object.keys(news).some((key) => known[key as keyof Said] !== news[key as keyof Said]);
    Object.assign(advert, news);
    if (!known) {
      neighbour.adverts.set(this.key, advert);
      slot.adverts.push(advert);
    }
    const passes = isIndifferent(slot, advert, isNews, now, ALL_ON);
    const before = this.#picture();
    this.decision.evaluate(slot, 'message', now, news.metric < INFINITE ? advert : undefined);
    if (!passes) return;
    this.passedOver++;
    assert.equal(this.#picture(), before);
  }

  #picture() {
    const { seqno: s, distance: d, metric, hops, primary, backup, strikes, lastStrike, suspectUntil, due } = this.slot;
    const { search, pending, forwarded } = this.slot;
    const next = [primary?.neighbour.link, backup?.neighbour.link];
    const caused = [this.wakes, this.state.outputs.length];
    return { s, d, metric, hops, next, strikes, lastStrike, suspectUntil, due, search, pending, forwarded, caused };
  }
}

for (const trafficClass of CLASSES)
  test(`class ${trafficClass}: news that is passed over changes nothing when it is evaluated all the same`, () => {
    let passedOver = 0;
    let told = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        const history = new History(slotKey(trafficClass, 4, 9));
        for (const action of steps) history.run(action);
        passedOver += history.passedOver;
        told += steps.filter(({ kind }) => kind === 'tell').length;
      }),
      { numRuns: 800 },
    );
    assert.ok(passedOver > 0.1 * told, `${passedOver} of ${told} messages were passed over`);
  });

test.run();
