/** How much is let under way: against ways of known rate and delay, by a clock that is made up. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FIRST_WINDOW_BYTES, SendWindow } from '../../ts/edge/tcp/send-window.js';

const FRAME = 1_000;
const SESSION = 7;
const REPORT_MS = 20;

/** A way that carries `rate` bytes a millisecond and reports every 20 ms, `delay` ms late; data waits all the while. */
class Way {
  readonly window = new SendWindow();
  now = 1_000;
  rate: number;
  readonly #delay: number;
  #sent: number;
  #arrived = 0;
  readonly #first: number;
  readonly #reports: { readonly at: number; readonly counter: number }[] = [];

  constructor(rate: number, delay: number, firstCounter = 1) {
    this.rate = rate;
    this.#delay = delay;
    this.#first = firstCounter;
    this.#sent = 0;
  }

  /** Bytes between here and there. */
  get underWay(): number {
    return this.#sent * FRAME - this.#arrived;
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now++) {
      this.#arrived = Math.min(this.#arrived + this.rate, this.#sent * FRAME);
      if (this.now % REPORT_MS === 0) {
        const counter = (this.#first + Math.floor(this.#arrived / FRAME) - 1) | 0;
        this.#reports.push({ at: this.now + this.#delay, counter });
      }
      while ((this.#reports[0]?.at ?? Infinity) <= this.now) {
        this.window.measured(this.#delay);
        this.window.reported(SESSION, this.#reports.shift()?.counter ?? 0, this.now);
      }
      while (this.window.room > 0) this.window.sent(SESSION, (this.#first + this.#sent++) | 0, FRAME, this.now);
      this.window.short();
    }
  }
}

test('of a slow way only as much is let under way as it carries in less time than a link may be silent', () => {
  const way = new Way(1_000, 5);
  way.run(3_000);
  assert.ok(way.underWay < 100 * way.rate, `${way.underWay} bytes`);
  assert.ok(way.underWay > 30 * way.rate, 'and enough that it is never idle');
});

test('a fast way is filled after some reports, and keeps being filled where round trips are long', () => {
  const near = new Way(30_000, 1);
  near.run(500);
  assert.ok(near.underWay > 20 * near.rate);
  const far = new Way(10_000, 100);
  far.run(3_000);
  assert.ok(far.underWay > 30 * far.rate, 'it is never idle, though each report is late');
});

test('a way that becomes slow gets less, one that becomes fast again more', () => {
  const way = new Way(20_000, 5);
  way.run(1_000);
  way.rate = 500;
  way.run(8_000);
  assert.ok(way.underWay < 100 * way.rate, `${way.underWay} bytes`);
  way.rate = 20_000;
  way.run(2_000);
  assert.ok(way.underWay > 30 * way.rate, `${way.underWay} bytes`);
});

test('counters may pass 2^31 and 2^32', () => {
  for (const first of [0x7fff_ff00, 0xffff_ff00]) {
    const way = new Way(1_000, 5, first);
    way.run(3_000);
    assert.ok(way.underWay < 100 * way.rate && way.underWay > 30 * way.rate, `${way.underWay} bytes`);
  }
});

test('a later session of the same connection tells also of what an earlier one sent', () => {
  const window = new SendWindow();
  for (let counter = 1; window.room > 0; counter++) window.sent(SESSION, counter, FRAME, 0);
  window.reported(SESSION + 1, 999_999, 10);
  assert.ok(window.room <= 0, 'of a session that has sent nothing here, nothing is known');
  window.sent(SESSION + 1, 1, 100, 11);
  window.reported(SESSION, 10, 12);
  assert.ok(window.room > 0 && window.room < FIRST_WINDOW_BYTES);
  window.reported(SESSION + 1, 1, 13);
  assert.is(window.room, FIRST_WINDOW_BYTES);
});

test('what is said of frames that never left changes nothing, nor does an old report', () => {
  const window = new SendWindow();
  window.sent(SESSION, 10, 100_000, 0);
  window.reported(SESSION, 9, 20);
  assert.is(window.room, FIRST_WINDOW_BYTES - 100_000);
  window.reported(SESSION, 10, 40);
  window.sent(SESSION, 11, 50_000, 50);
  window.reported(SESSION, 10, 60);
  assert.is(window.room, FIRST_WINDOW_BYTES - 50_000);
});

test.run();
