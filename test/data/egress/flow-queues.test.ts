/** Queues of one wire: nothing is lost without being told, nobody starves, and shares are kept. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FLOWS, FlowQueues, QUANTA } from '../../../ts/data/egress/flow-queues.js';
import { type EgressSink, QueuedFrames } from '../../../ts/data/egress/queued-frames.js';
import { WireQueue } from '../../../ts/data/egress/wire-queue.js';

/** Queues over a store, and what became of frames. */
class Rig implements EgressSink {
  readonly frames = new QueuedFrames(4096);
  readonly queues = new FlowQueues(this.frames, this);
  readonly #bytes = new DataView(new ArrayBuffer(16_384));
  put = 0;
  taken = 0;
  dropped = 0;
  readonly labels = new Map<number, string>();

  /** A frame whose second byte holds `ecn`. */
  make(bytes: number, label = '', ecn = 0): number {
    this.#bytes.setUint8(1, ecn);
    const frame = this.frames.store.put(this.#bytes, 0, bytes);
    if (frame < 0) return frame;
    this.frames.since[frame] = this.frames.now;
    this.labels.set(frame, label);
    this.put++;
    return frame;
  }

  enqueue(trafficClass: number, flow: number, bytes = 1000, label = ''): void {
    const frame = this.make(bytes, label);
    assert.ok(frame >= 0);
    this.queues.put(frame, trafficClass, flow);
  }

  /** The label of the frame that leaves. */
  dequeue(): string | undefined {
    const frame = this.queues.take();
    if (frame < 0) return undefined;
    this.taken++;
    this.frames.store.drop(frame);
    return this.labels.get(frame);
  }

  codelDropped(frame: number): void {
    this.dropped++;
    this.frames.store.drop(frame);
  }

  overflowed(frame: number): void {
    this.codelDropped(frame);
  }

  marked(): void {}
}

test('conservation: what was put in is taken out, dropped, or waits', () => {
  const step = fc.record({
    trafficClass: fc.nat(3),
    flow: fc.nat(300),
    bytes: fc.integer({ min: 48, max: 9000 }),
    take: fc.nat(2),
    ms: fc.nat(60),
    shed: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const rig = new Rig();
      for (const { trafficClass, flow, bytes, take, ms, shed } of steps) {
        rig.enqueue(trafficClass, flow, bytes);
        rig.frames.now += ms;
        for (let i = 0; i < take; i++) rig.dequeue();
        if (shed === 0 && rig.queues.frames > 0) rig.queues.shed();
        assert.is(rig.put, rig.taken + rig.dropped + rig.queues.frames);
        assert.is(rig.frames.store.size, rig.queues.frames);
      }
      while (rig.dequeue() !== undefined);
      assert.equal([rig.queues.frames, rig.queues.bytes, rig.frames.store.freeCells], [0, 0, 4096]);
    }),
  );
});

test('a flow keeps its order', () => {
  const rig = new Rig();
  for (let i = 0; i < 40; i++) rig.enqueue(i % 4, i % 3, 500, `${i % 4}-${i % 3}:${i}`);
  const last = new Map<string, number>();
  for (let label = rig.dequeue(); label !== undefined; label = rig.dequeue()) {
    const [flow, number] = label.split(':') as [string, string];
    assert.ok((last.get(flow) ?? -1) < Number(number), label);
    last.set(flow, Number(number));
  }
});

/** Bytes by label that leave while all classes or flows always have something to send. */
function shares(
  sources: readonly { trafficClass: number; flow: number; bytes: number; label: string }[],
  frames: number,
) {
  const rig = new Rig();
  const sent = new Map<string, number>();
  const sizes = new Map(sources.map(({ label, bytes }) => [label, bytes]));
  for (const { trafficClass, flow, bytes, label } of sources)
    for (let i = 0; i < 20; i++) rig.enqueue(trafficClass, flow, bytes, label);
  for (let i = 0; i < frames; i++) {
    const label = rig.dequeue() as string;
    const source = sources.find((each) => each.label === label) as (typeof sources)[0];
    sent.set(label, (sent.get(label) ?? 0) + (sizes.get(label) ?? 0));
    rig.enqueue(source.trafficClass, source.flow, source.bytes, label);
  }
  return sent;
}

test('classes share by their weights, whatever the sizes of their frames, and none starves', () => {
  fc.assert(
    fc.property(fc.tuple(...QUANTA.map(() => fc.integer({ min: 100, max: 2000 }))), (sizes) => {
      const sources = sizes.map((bytes, at) => ({ trafficClass: at, flow: at, bytes, label: `${at}` }));
      const sent = shares(sources, 4000);
      const all = [...sent.values()].reduce((sum, bytes) => sum + bytes, 0);
      const quanta = QUANTA.reduce((sum, quantum) => sum + quantum, 0);
      for (const [at, quantum] of QUANTA.entries()) {
        const share = (sent.get(`${at}`) ?? 0) / all;
        assert.ok(Math.abs(share / (quantum / quanta) - 1) < 0.1, `class ${at} got ${share}`);
      }
    }),
    { numRuns: 20 },
  );
});

test('flows of a class share alike, whatever the sizes of their frames', () => {
  const sources = [100, 700, 1500].map((bytes, flow) => ({ trafficClass: 0, flow, bytes, label: `${flow}` }));
  const sent = shares(sources, 6000);
  const [least, most] = [Math.min(...sent.values()), Math.max(...sent.values())];
  assert.ok(sent.size === 3 && most / least < 1.05, JSON.stringify([...sent]));
});

test('a light flow finds nobody before it: it leaves next, however much others have queued', () => {
  const rig = new Rig();
  for (let i = 0; i < 500; i++) rig.enqueue(0, 1, 1000, 'heavy');
  for (let i = 0; i < 10; i++) rig.dequeue();
  for (let i = 0; i < 50; i++) {
    rig.enqueue(0, 2, 200, 'light');
    const next = [rig.dequeue(), rig.dequeue(), rig.dequeue()];
    assert.ok(next.includes('light'), next.join());
  }
});

test('a flow that comes and goes does not starve those that stay', () => {
  const rig = new Rig();
  for (let i = 0; i < 100; i++) rig.enqueue(0, 1, 1000, 'stays');
  let stays = 0;
  for (let i = 0; i < 100; i++) {
    rig.enqueue(0, 2, 1000, 'comes');
    if (rig.dequeue() === 'stays') stays++;
  }
  assert.ok(stays >= 40, `${stays}`);
});

test('low latency waits for no more than a round of the others', () => {
  const rig = new Rig();
  for (const trafficClass of [1, 2, 3]) for (let i = 0; i < 100; i++) rig.enqueue(trafficClass, 1, 1000, 'other');
  for (let i = 0; i < 30; i++) rig.dequeue();
  rig.enqueue(0, 1, 1000, 'low');
  let before = 0;
  while (rig.dequeue() !== 'low') before++;
  assert.ok(before <= 6, `${before} frames went first`);
});

test('what is shed is of the longest queue, and from its head', () => {
  const rig = new Rig();
  for (let i = 0; i < 8; i++) rig.enqueue(2, 5, 1000, `long ${i}`);
  rig.enqueue(1, 5, 1000, 'short');
  rig.queues.shed();
  const left = new Set(Array.from({ length: rig.queues.frames }, () => rig.dequeue()));
  assert.equal(left, new Set(['long 4', 'short', 'long 5', 'long 6', 'long 7']));
});

test('marks instead of drops where the packet says that its sender understands', () => {
  const rig = new Rig();
  for (let i = 0; i < 100; i++) rig.queues.put(rig.make(1000, '', i % 2 === 0 ? 2 : 0), 0, 1);
  let marked = 0;
  for (let i = 0; rig.queues.frames > 0; i++) {
    rig.frames.now += 20;
    const frame = rig.queues.take();
    if (frame < 0) break;
    if ((rig.frames.store.byte(frame, 1) & 3) === 3) marked++;
    rig.frames.store.drop(frame);
    rig.taken++;
  }
  assert.ok(marked > 5 && rig.dropped > 5, `${marked} marked, ${rig.dropped} dropped`);
  assert.is(rig.taken + rig.dropped, 100);
});

test('control goes first, in order, and none of it is lost while data overflows', () => {
  const rig = new Rig();
  const wire = new WireQueue(rig.frames, rig);
  wire.rate = 6250;
  let [made, got] = [0, 0];
  for (let round = 0; round < 400; round++) {
    for (let i = 0; i < 10; i++) {
      const frame = rig.make(500, 'data');
      if (frame < 0) wire.shed();
      else wire.putData(frame, 0, round);
    }
    const control = rig.make(100, `control ${made++}`);
    wire.putControl(control);
    const frame = wire.take();
    assert.is(rig.labels.get(frame), `control ${got++}`);
    rig.frames.store.drop(frame);
    rig.frames.store.drop(wire.take());
    rig.frames.now += 0.2;
  }
  assert.is(got, made);
  assert.ok(rig.dropped > 1000, `${rig.dropped} of data`);
});

test('a wire is paced to its rate; time that nobody used is not made up for', () => {
  const rig = new Rig();
  const wire = new WireQueue(rig.frames, rig);
  wire.rate = 1000;
  rig.frames.now = 5000;
  let sent = 0;
  for (; wire.isFree; sent++) wire.spend(100);
  assert.ok(sent <= 12, `${sent} at once after an idle time`);
  for (let i = 0; i < 300; i++) wire.putData(rig.make(100), 0, i);
  sent = 0;
  for (let i = 0; i < 100; i++) {
    rig.frames.now += i % 10 === 0 ? 2.5 : 0.05; // a worker that wakes now and then late
    for (; wire.isFree && !wire.isEmpty; sent++) wire.spend(rig.frames.bytes(wire.take()));
  }
  const due = (100 * 0.295 * 1000) / 100; // ms, bytes a ms, bytes a frame
  assert.ok(Math.abs(sent - due) < 15, `${sent} of ${due}`);
});

test('flows are told apart by the low bits of a hash', () => {
  assert.is(FLOWS & (FLOWS - 1), 0);
});

test.run();
