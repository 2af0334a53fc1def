/** Peers whose hellos come late: they are given time, and no longer than it takes them to come in time again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HelloGaps, Lateness, LatenessBook } from '../../../ts/control/links/lateness.js';
import { peer, type TestNode, World } from './world.js';

const [A, B] = ['1.1.1.1', '1.1.1.2'];

test('silence is borne for one and a half times the largest gap of the last 10 to 20 s, and for 300 ms at most', () => {
  const lateness = new Lateness();
  assert.is(lateness.patience(0), 0);
  lateness.note(100, 1000);
  assert.is(lateness.patience(1000), 0, 'which is usual');
  lateness.note(110, 1000);
  lateness.note(105, 2000);
  assert.is(lateness.patience(2000), 175);
  assert.is(lateness.patience(10_900), 175);
  assert.is(lateness.patience(20_800), 175);
  assert.is(lateness.patience(31_000), 0);
  lateness.note(5000, 40_000);
  assert.is(lateness.patience(40_000), 300);
});

test('one that was given up in vain is given more time, one that has died is not', () => {
  const lateness = new Lateness();
  lateness.gaveUp(7, 1000);
  lateness.opened(7, 3000);
  assert.is(lateness.patience(3000), 225);
  lateness.gaveUp(7, 4000);
  lateness.opened(7, 5000);
  assert.is(lateness.patience(5000), 300);
  const other = new Lateness();
  other.gaveUp(7, 1000);
  other.opened(8, 2000);
  other.gaveUp(8, 3000);
  other.opened(8, 9000);
  assert.is(other.patience(9000), 0);
});

test('what is lost between two hellos is no lateness, nor is the idle interval', () => {
  const lateness = new Lateness();
  const gaps = new HelloGaps(lateness);
  gaps.hear({ sequence: 1, interval: 500 }, 1000);
  gaps.hear({ sequence: 2, interval: 50 }, 1500);
  gaps.hear({ sequence: 3, interval: 50 }, 1550);
  gaps.hear({ sequence: 5, interval: 50 }, 1650);
  assert.is(gaps.hear({ sequence: 6, interval: 50 }, 1700), 0);
  assert.is(gaps.hear({ sequence: 7, interval: 50 }, 1810), 175);
});

test('a book remembers peers, and forgets the oldest of very many', () => {
  const book = new LatenessBook();
  const first = book.of(1);
  assert.is(book.of(1), first);
  for (let id = 2; id <= 4097; id++) book.of(id);
  assert.is.not(book.of(1), first);
});

/** A and B, between which data flows while both live. */
function busyPair(seed: number): { world: World; a: TestNode; b: TestNode } {
  const world = new World(seed);
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => a.isUp(B) && b.isUp(A));
  const send = () => {
    if (a.running && a.isUp(B)) a.sendData(B);
    world.at(world.now + 10, send);
  };
  send();
  world.run(2000);
  return { world, a, b };
}

test('a node that stands still for 160 to 240 ms again and again is taken for dead a few times, and then no more', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const { world, a, b } = busyPair(seed);
    const stall = () => {
      b.frozen = true;
      b.stalled = true;
      world.at(world.now + 160 + 80 * world.random.unit(), () => b.thaw());
      world.at(world.now + 700, stall);
    };
    stall();
    world.run(20_000);
    const first = a.count('linkDown');
    world.run(40_000);
    assert.ok(first <= 3, `seed ${seed}: ${first} times`);
    assert.is(a.count('linkDown') - first, 0, `seed ${seed}`);
  }
});

test('one that is in time again is missed as soon as any other', () => {
  const { world, a, b } = busyPair(1);
  for (const time of [0, 400, 800])
    world.at(world.now + time, () => {
      b.frozen = b.stalled = true;
      world.at(world.now + 140, () => b.thaw());
    });
  world.run(25_000);
  b.crash();
  const took = world.until(() => !a.isUp(B));
  assert.ok(took <= 210, `${took} ms`);
});

test.run();
