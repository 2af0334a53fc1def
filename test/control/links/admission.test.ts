/** Admission: how Inits are let in when more come than the control thread can answer. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Admission } from '../../../ts/control/links/admission.js';
import { Outbox } from '../../../ts/control/outbox.js';
import { type Timer, TimerQueue } from '../../../ts/control/timer-queue.js';
import type { InitMessage } from '../../../ts/wire/handshake.js';

class Door {
  readonly outbox = new Outbox();
  readonly deadlines = new TimerQueue<Timer>();
  readonly served: { readonly id: number; readonly nonce: number; readonly at: number }[] = [];
  readonly admission = new Admission({ outbox: this.outbox, deadlines: this.deadlines }, (init, _origin, now) =>
    this.served.push({ id: init.id, nonce: init.nonce[0] as number, at: now }),
  );

  knock(id: number, role: 'relay' | 'leaf', host: string, nonce = 0, now = 0): void {
    const init: InitMessage = {
      kind: 'init',
      id,
      role,
      expectedId: 0,
      bootEpoch: 1,
      nonce: new Uint8Array(16).fill(nonce),
      linkNumber: 1,
      tags: true,
      purpose: 'configured',
    };
    this.admission.handleInit(init, { source: { scheme: 'udp', family: 4, host, port: 7000 }, socket: 0 }, now);
  }

  run(until: number): void {
    for (let now = this.deadlines.next(); now <= until; now = this.deadlines.next())
      for (const timer of this.deadlines.popAll(now)) timer.handleTimeout(now);
  }

  get ids(): number[] {
    return this.served.map(({ id }) => id);
  }
}

test('a few are answered at once, a crowd at a rate that leaves the thread half of its time', () => {
  const door = new Door();
  door.knock(1, 'relay', 'a');
  assert.is(door.served.length, 1);
  for (let id = 2; id <= 2001; id++) door.knock(id, 'leaf', 'a');
  assert.ok(door.served.length < 20, `${door.served.length} at once`);
  door.run(2000);
  assert.is(door.served.length, 2001);
  const last = door.served.at(-1)?.at ?? 0;
  assert.ok(last > 500 && last < 1500, `the last after ${last} ms`);
  assert.is(door.deadlines.next(), Infinity);
  door.knock(3000, 'leaf', 'a', 0, 5000);
  assert.is(door.served.at(-1)?.at, 5000);
});

test('what a late timer has missed is made up for, but not without bound', () => {
  const door = new Door();
  const servedAt = (now: number) => {
    const before = door.served.length;
    door.admission.handleTimeout(now);
    return door.served.length - before;
  };
  for (let id = 1; id <= 1000; id++) door.knock(id, 'leaf', 'a');
  assert.equal([servedAt(4), servedAt(8), servedAt(20), servedAt(5000), servedAt(5004)], [8, 8, 24, 48, 8]);
});

test('relays come first, and hosts take turns', () => {
  const door = new Door();
  for (let id = 1; id <= 8; id++) door.knock(id, 'leaf', 'crowd');
  for (let id = 101; id <= 150; id++) door.knock(id, 'leaf', 'crowd');
  for (let id = 201; id <= 203; id++) door.knock(id, 'leaf', 'lone');
  door.knock(301, 'relay', 'crowd');
  door.run(1000);
  assert.equal(door.ids.slice(8, 16), [301, 101, 201, 102, 202, 103, 203, 104]);
});

test('of a dialer that repeats itself, the latest Init is answered, once', () => {
  const door = new Door();
  for (let id = 1; id <= 20; id++) door.knock(id, 'leaf', 'a', 1);
  for (let id = 1; id <= 20; id++) door.knock(id, 'leaf', 'a', 2);
  door.run(1000);
  const later = door.served.filter(({ id }) => id > 8);
  assert.is(later.length, 12);
  assert.ok(later.every(({ nonce }) => nonce === 2));
});

test('what can wait is bounded: whoever has most loses, and it is counted', () => {
  const door = new Door();
  for (let id = 1; id <= 8; id++) door.knock(id, 'leaf', 'z');
  door.knock(20_000, 'leaf', 'small');
  for (let id = 1000; id < 6000; id++) door.knock(id, 'leaf', 'flood');
  assert.is(door.admission.waiting, 4096);
  let counted = 0;
  for (let output = door.outbox.poll(); output; output = door.outbox.poll())
    if (output.kind === 'count' && output.counter === 'handshakesRefused') counted++;
  assert.is(counted, 5001 - 4096);
  door.run(10_000);
  assert.ok(door.ids.includes(20_000));
  assert.is(door.admission.waiting, 0);
});

test('a node that closes answers nobody', () => {
  const door = new Door();
  for (let id = 1; id <= 100; id++) door.knock(id, 'leaf', 'a');
  const before = door.served.length;
  door.admission.close();
  door.run(1000);
  assert.is(door.served.length, before);
});

test.run();
