/** CoDel beside the pseudocode of RFC 8289, written down a second time as it stands there: both must decide alike about any history of a queue. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CodelStates, INTERVAL_MS, SHORT_QUEUE_BYTES, TARGET_MS } from '../../../ts/data/egress/codel.js';

interface Packet {
  readonly id: number;
  readonly since: number;
  readonly bytes: number;
  readonly ecn: boolean;
}

/** A queue and what becomes of its packets: `dequeue` returns the one that leaves. */
interface Discipline {
  readonly queue: Packet[];
  readonly dropped: number[];
  readonly marked: number[];
  dequeue(now: number): Packet | undefined;
}

/** RFC 8289, section 5.6, line by line. With marks (as in RFC 3168) a packet that is to be dropped may be marked, and leaves. */
class Rfc8289 implements Discipline {
  readonly queue: Packet[] = [];
  readonly dropped: number[] = [];
  readonly marked: number[] = [];
  firstAboveTime = 0;
  dropNext = 0;
  count = 0;
  lastCount = 0;
  dropping = false;

  dequeue(now: number): Packet | undefined {
    let r = this.dodequeue(now);
    if (this.dropping) {
      if (!r.okToDrop) this.dropping = false;
      while (now >= this.dropNext && this.dropping) {
        this.count++;
        if (this.#drop(r.p as Packet)) {
          this.dropNext = this.controlLaw(this.dropNext, this.count);
          return r.p;
        }
        r = this.dodequeue(now);
        if (!r.okToDrop) this.dropping = false;
        else this.dropNext = this.controlLaw(this.dropNext, this.count);
      }
    } else if (r.okToDrop) {
      const leaves = this.#drop(r.p as Packet);
      if (!leaves) r = this.dodequeue(now);
      this.dropping = true;
      const delta = this.count - this.lastCount;
      this.count = delta > 1 && now - this.dropNext < 16 * INTERVAL_MS ? delta : 1;
      this.dropNext = this.controlLaw(now, this.count);
      this.lastCount = this.count;
    }
    return r.p;
  }

  dodequeue(now: number): { p: Packet | undefined; okToDrop: boolean } {
    const p = this.queue.shift();
    if (!p) {
      this.firstAboveTime = 0;
      return { p, okToDrop: false };
    }
    if (now - p.since < TARGET_MS || bytesOf(this.queue) <= SHORT_QUEUE_BYTES) this.firstAboveTime = 0;
    else if (this.firstAboveTime === 0) this.firstAboveTime = now + INTERVAL_MS;
    else if (now >= this.firstAboveTime) return { p, okToDrop: true };
    return { p, okToDrop: false };
  }

  controlLaw(t: number, count: number): number {
    return t + INTERVAL_MS / Math.sqrt(count);
  }

  /** True: it is marked instead, and leaves. */
  #drop(packet: Packet): boolean {
    (packet.ecn ? this.marked : this.dropped).push(packet.id);
    return packet.ecn;
  }
}

/** Ours. */
class Ours implements Discipline {
  readonly queue: Packet[] = [];
  readonly dropped: number[] = [];
  readonly marked: number[] = [];
  readonly states = new CodelStates(2);

  dequeue(now: number): Packet | undefined {
    this.states.setNow(now);
    this.states.begin();
    for (;;) {
      const packet = this.queue.shift();
      if (!packet) {
        this.states.ranEmpty(1);
        return undefined;
      }
      const waited = Math.round((now - packet.since) * 1000);
      if (!this.states.mustDrop(1, waited, bytesOf(this.queue))) return packet;
      if (packet.ecn) {
        this.marked.push(packet.id);
        this.states.marked(1);
        return packet;
      }
      this.dropped.push(packet.id);
    }
  }
}

const bytesOf = (queue: readonly Packet[]) => queue.reduce((sum, { bytes }) => sum + bytes, 0);

/** `enqueue` packets now, then let `ms` pass, then take `dequeue` packets out. */
const steps = fc.array(fc.record({ enqueue: fc.nat(6), ms: fc.nat(40), dequeue: fc.nat(5), ecn: fc.boolean() }), {
  minLength: 1,
  maxLength: 150,
});

function compare(history: readonly { enqueue: number; ms: number; dequeue: number; ecn: boolean }[]): Rfc8289 {
  const theirs = new Rfc8289();
  const ours = new Ours();
  let now = 1;
  let id = 0;
  for (const { enqueue, ms, dequeue, ecn } of history) {
    for (let i = 0; i < enqueue; i++) {
      const packet = { id: id++, since: now, bytes: 1000, ecn };
      theirs.queue.push(packet);
      ours.queue.push(packet);
    }
    now += ms;
    for (let i = 0; i < dequeue; i++) assert.equal(ours.dequeue(now), theirs.dequeue(now));
    assert.equal([ours.dropped, ours.marked], [theirs.dropped, theirs.marked]);
    assert.is(ours.states.isDropping(1), theirs.dropping);
  }
  return theirs;
}

test('decides as the pseudocode does, about any history', () => {
  fc.assert(
    fc.property(steps, (history) => void compare(history)),
    { numRuns: 300 },
  );
});

test('so it does when a queue stands for seconds, and in that it drops', () => {
  const standing = Array.from({ length: 3000 }, (_, i) => ({ enqueue: 3, ms: 2, dequeue: 2, ecn: i % 7 === 0 }));
  const { dropped, marked } = compare(standing);
  assert.ok(dropped.length > 100 && marked.length > 10, `${dropped.length} dropped, ${marked.length} marked`);
});

test('a queue that stands is left alone for an interval, then loses packets after intervals that shrink with the root', () => {
  const codel = new Ours();
  const dropsAt: number[] = [];
  for (let now = 1; now < 600; now++) {
    for (let i = 0; i < 2; i++) codel.queue.push({ id: now, since: now - TARGET_MS - 1, bytes: 1000, ecn: false });
    const before = codel.dropped.length;
    codel.dequeue(now);
    if (codel.dropped.length > before) dropsAt.push(now);
  }
  // Above the target since about 2; 100 ms later the first drop, and then 100/sqrt(n) after the n-th.
  const [first, ...more] = dropsAt as [number, ...number[]];
  assert.ok(Math.abs(first - (2 + INTERVAL_MS)) <= 2, `the first at ${first}`);
  let due = first;
  for (const [n, at] of more.slice(0, 5).entries()) {
    due += INTERVAL_MS / Math.sqrt(n + 1);
    assert.ok(Math.abs(at - due) <= 2, `drop ${n + 2} at ${at}, due at ${due}`);
  }
});

test('short waits, and queues of one packet, lose nothing', () => {
  const codel = new Ours();
  for (let now = 1; now < 2000; now++) {
    codel.queue.push({ id: now, since: now - 4, bytes: 1000, ecn: false });
    codel.dequeue(now);
  }
  for (let now = 2000; now < 4000; now++) {
    codel.queue.push({ id: now, since: now - 500, bytes: 1400, ecn: false });
    codel.dequeue(now);
  }
  assert.equal(codel.dropped, []);
});

test.run();
