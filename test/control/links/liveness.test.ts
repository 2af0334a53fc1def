/** How silence and one-way loss are noticed, within which bounds, and what is not mistaken for them. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FAST_INTERVAL, Liveness } from '../../../ts/control/links/liveness.js';
import { IDLE_INTERVAL, readHello } from '../../../ts/wire/hello.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { HEADERS_BYTES } from '../../../ts/wire/network-header.js';
import { peer, type TestNode, World } from './world.js';

const A = '1.1.1.1';
const B = '1.1.1.2';

function pair(seed = 1): { world: World; a: TestNode; b: TestNode } {
  const world = new World(seed);
  const b = world.add(B);
  const a = world.add(A, { peers: [peer(B)] });
  world.until(() => a.isUp(B) && b.isUp(A));
  world.run(2000);
  return { world, a, b };
}

/** Data flows both ways until `stop` is called. */
function traffic(world: World, a: TestNode, b: TestNode): () => void {
  let on = true;
  const send = () => {
    if (!on) return;
    if (a.isUp(B)) a.sendData(B);
    if (b.isUp(A)) b.sendData(A);
    world.at(world.now + 10, send);
  };
  send();
  return () => (on = false);
}

const silence = (node: TestNode) => [...node.entries.values()].map(({ timing }) => timing?.silence);

test('hellos of idle links leave together, one in 500 ms a link', () => {
  const world = new World(3);
  const peers = [2, 3, 4, 5, 6, 7].map((byte) => `1.1.1.${byte}`);
  for (const id of peers) world.add(id);
  const hub = world.add(A, { peers: peers.map((id) => peer(id)) });
  world.until(() => peers.every((id) => hub.isUp(id)));
  world.run(4000);
  const times: number[] = [];
  world.filter = ({ from, frame, type }) => {
    const isAsked = type === FrameType.Hello && readHello(frame.subarray(HEADERS_BYTES))?.reply === false;
    if (from === hub.host && isAsked) times.push(world.now);
    return true;
  };
  world.run(10_000);
  assert.ok(times.length >= 19 * peers.length && times.length <= 21 * peers.length, `${times.length} hellos`);
  assert.ok(new Set(times).size <= 41, `at ${new Set(times).size} times: ticks are 250 ms apart`);
});

test('an idle link sends a hello every 500 ms and is down after 1.0 to 1.5 s of silence', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { world, a, b } = pair(seed);
    assert.equal([silence(a), silence(b)], [[1500], [1500]]);
    world.run(4_000);
    const before = world.log.length;
    world.run(10_000);
    const frames = (world.log.length - before) / 2; // of each end: 20 hellos, of which one in four is answered
    assert.ok(frames >= 23 && frames <= 27, `${frames} hellos and replies in 10 s`);
    world.run(world.random.below(500));
    world.filter = () => false;
    const took = world.until(() => a.has('linkDown') && b.has('linkDown'));
    assert.ok(took >= 990 && took <= 1510, `${took} ms`);
    assert.is(a.events.find(({ type }) => type === 'linkDown')?.type, 'linkDown');
    assert.is(a.status(B)?.problem, 'silent');
  }
});

test('hellos of an idle link want answers while round trips change, where frames are lost, and when the peer is late', () => {
  const { world, a, b } = pair();
  let [asked, quiet] = [0, 0];
  world.filter = ({ from, frame, type }) => {
    const hello = type === FrameType.Hello ? readHello(frame.subarray(HEADERS_BYTES)) : undefined;
    if (from !== a.host || hello?.reply !== false) return true;
    if (hello.quiet) quiet++;
    else asked++;
    return true;
  };
  const shareAsked = (ms: number) => {
    [asked, quiet] = [0, 0];
    world.run(ms);
    return asked / (asked + quiet);
  };
  world.run(10_000);
  assert.ok(shareAsked(20_000) < 0.3);
  world.delay += 50;
  assert.ok(shareAsked(10_000) > 0.5, 'another round trip');
  world.run(10_000);
  assert.ok(Math.abs((a.status(B)?.rtt ?? 0) - 2 * world.delay) < 5, `${a.status(B)?.rtt}`);
  world.run(20_000);
  assert.ok(shareAsked(20_000) < 0.3);
  const count = world.filter;
  let frames = 0;
  world.filter = (packet) => count(packet) && (packet.from === a.host || ++frames % 20 > 0);
  world.run(30_000);
  assert.is(shareAsked(20_000), 1, 'one in twenty is lost');
  assert.is(a.count('linkDown'), 0);
  world.filter = count;
  world.run(120_000);
  assert.ok(shareAsked(20_000) < 0.3);
  world.filter = (packet) => count(packet) && packet.from !== b.host;
  quiet = 0;
  world.run(750);
  assert.ok(quiet <= 2);
  quiet = 0;
  world.until(() => a.has('linkDown'));
  assert.is(quiet, 0, 'not a word of the peer');
});

test('a link that carries data is fast within a second, and down after 100 to 155 ms of silence', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { world, a, b } = pair(seed);
    const stop = traffic(world, a, b);
    world.until(() => silence(a)[0] === 150 && silence(b)[0] === 150, 1000);
    world.run(1000);
    stop();
    world.run(world.random.below(100));
    world.filter = () => false;
    const took = world.until(() => a.has('linkDown') && b.has('linkDown'));
    assert.ok(took >= 90 && took <= 160, `${took} ms`);
  }
});

test('without data for 2 s the link is slow again, and was never taken for dead', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { world, a, b } = pair(seed);
    Object.assign(world, { jitter: 30 });
    for (let i = 0; i < 5; i++) {
      const stop = traffic(world, a, b);
      world.run(1500);
      assert.equal([silence(a), silence(b)], [[150], [150]]);
      stop();
      world.run(4000);
      assert.equal([silence(a), silence(b)], [[1500], [1500]]);
    }
    assert.is(a.count('linkDown') + b.count('linkDown'), 0);
  }
});

test('the receiver never counts with a shorter interval than the sender keeps, whatever is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean())), (steps) => {
      const [a, b] = [new Liveness(), new Liveness()];
      let sequence = 0;
      const say = (from: Liveness, to: Liveness, arrives: boolean) => {
        sequence++;
        const { announced: interval, heard: heardInterval, confirmed: fastConfirmed } = from;
        if (arrives) to.hear({ sequence, interval, heardInterval, fastConfirmed });
      };
      for (const [aFast, bFast, toB, toA] of steps) {
        a.want(aFast ? FAST_INTERVAL : IDLE_INTERVAL);
        b.want(bFast ? FAST_INTERVAL : IDLE_INTERVAL);
        say(a, b, toB);
        say(b, a, toA);
        assert.ok(b.silence >= 3 * a.sending && a.silence >= 3 * b.sending);
      }
      // Once hellos arrive, both come to what they want.
      for (let i = 0; i < 4; i++) {
        say(a, b, true);
        say(b, a, true);
      }
      assert.is(a.sending, a.announced);
      assert.is(b.silence, 3 * a.announced);
      assert.is(a.silence, 3 * b.announced);
    }),
  );
});

test('old and doubled hellos change no interval', () => {
  const liveness = new Liveness();
  const hello = { interval: 50, heardInterval: 500, fastConfirmed: true };
  assert.ok(liveness.hear({ ...hello, sequence: 0xffff_ffff }));
  assert.not(liveness.hear({ ...hello, sequence: 0xffff_ffff, interval: 500 }));
  assert.ok(liveness.hear({ ...hello, sequence: 1 }), 'sequence numbers wrap');
  assert.not(liveness.hear({ ...hello, sequence: 0, interval: 500 }));
  assert.is(liveness.silence, 150);
  for (const [interval, counts] of [
    [0, 20],
    [0xffff_ffff, 10_000],
  ] as const) {
    const other = new Liveness();
    other.hear({ sequence: 1, interval, heardInterval: 0, fastConfirmed: true });
    assert.is(other.silence, 3 * counts);
  }
});

test('over a stream, where what is lost is only late, half a second of silence is borne at least', () => {
  const hello = { sequence: 1, interval: FAST_INTERVAL, heardInterval: FAST_INTERVAL, fastConfirmed: true };
  for (const [isStream, fast] of [
    [false, 150],
    [true, 500],
  ] as const) {
    const liveness = new Liveness(IDLE_INTERVAL, isStream);
    assert.equal([liveness.silence, liveness.deafness], [1500, 1500]);
    liveness.want(FAST_INTERVAL);
    liveness.hear(hello);
    assert.equal([liveness.silence, liveness.deafness], [fast, fast]);
  }
});

for (const [deaf, other] of [
  [A, B],
  [B, A],
] as const)
  test(`frames that do not reach ${deaf} take the link down at both ends`, () => {
    const { world, a, b } = pair();
    const stop = traffic(world, a, b);
    world.run(1500);
    stop();
    const deafNode = deaf === A ? a : b;
    const speaker = deaf === A ? b : a;
    world.filter = ({ to }) => to !== deafNode.host;
    const took = world.until(() => a.has('linkDown') && b.has('linkDown'));
    assert.ok(took <= 260, `${took} ms`);
    assert.is(deafNode.status(other)?.problem, 'silent');
    assert.is(speaker.status(deaf)?.problem, 'oneWay');
  });

test('reports alone take the link down when the other end does not notice', () => {
  const { world, a, b } = pair();
  const stop = traffic(world, a, b);
  world.run(1500);
  stop();
  // B hears nothing of A, but its control plane is stalled and its workers look away: only its hellos' reports tell.
  const [entry] = b.entries.values();
  world.filter = ({ to, type }) => to !== b.host || type === FrameType.Handshake;
  const keepAlive = () => {
    if (entry) entry.lastHeard = world.now;
    world.at(world.now + 5, keepAlive);
  };
  keepAlive();
  const took = world.until(() => a.has('linkDown'));
  assert.ok(took <= 300, `${took} ms`);
  assert.is(a.status(B)?.problem, 'oneWay');
});

test('random loss of a fifth in both directions takes no idle link down', () => {
  const { world, a, b } = pair();
  Object.assign(world, { loss: 0.2 });
  world.run(60_000);
  assert.is(a.count('linkDown') + b.count('linkDown'), 0);
  const { lossIn = 0, lossOut = 0 } = a.status(B) ?? {};
  assert.ok(lossIn > 5 && lossIn < 40, `${lossIn}`);
  assert.ok(lossOut > 5 && lossOut < 40, `${lossOut}`);
});

test('loss is told by direction, and forgotten when it ends', () => {
  const { world, a, b } = pair();
  const stop = traffic(world, a, b);
  world.filter = ({ to, type }) => to === a.host || type !== FrameType.Data || world.random.chance(0.5);
  world.run(20_000);
  const { lossIn = 0, lossOut = 0 } = a.status(B) ?? {};
  assert.ok(lossIn < 0.5, `${lossIn}`);
  assert.ok(lossOut > 25 && lossOut < 55, `${lossOut}`);
  const other = b.status(A);
  assert.ok(Math.abs((other?.lossIn ?? 0) - lossOut) < 5);
  world.filter = () => true;
  world.run(60_000);
  assert.ok((a.status(B)?.lossOut ?? 100) < 1);
  stop();
});

test('silence during a stall of our own is not counted', () => {
  const { world, a, b } = pair();
  const stop = traffic(world, a, b);
  world.run(1500);
  // The whole of A stands still for 900 ms, longer than its detection time.
  a.stalled = a.frozen = true;
  world.filter = ({ from }) => from !== a.host;
  world.run(900);
  assert.ok(b.has('linkDown'), 'B cannot know that A lives');
  world.filter = () => true;
  const { length } = a.events;
  a.resume();
  assert.is(a.events.length, length, 'its timers run before it has read its socket');
  a.thaw();
  world.until(() => a.isUp(B) && b.isUp(A));
  stop();
});

test('a busy control thread takes nothing down: workers answer hellos', () => {
  const { world, a, b } = pair();
  const stop = traffic(world, a, b);
  world.run(1500);
  stop();
  for (let i = 0; i < 5; i++) {
    a.stalled = true;
    world.run(800);
    a.resume();
    world.run(100);
  }
  assert.is(a.count('linkDown') + b.count('linkDown'), 0);
});

test('when workers stood still, the shell says so, and their silence is not counted', () => {
  for (const told of [true, false]) {
    const { world, a, b } = pair();
    const stop = traffic(world, a, b);
    world.run(1500);
    world.filter = () => false;
    world.run(100);
    if (told) a.act(() => a.control.handleCommand({ kind: 'resume' }, world.now));
    world.run(100);
    assert.is(a.has('linkDown'), !told);
    stop();
  }
});

test('a link that a worker took down is over at once', () => {
  const { world, a, b } = pair();
  const link = a.status(B)?.link ?? 0;
  a.act(() => a.control.handleLinkDown(link, world.now));
  assert.ok(a.isUp(B), 'late word about an earlier session: the up bit is set');
  const entry = a.entries.get(link);
  if (entry) entry.up = false;
  a.act(() => a.control.handleLinkDown(link, world.now));
  assert.is(a.status(B)?.problem, 'silent');
  assert.is(a.status(B)?.state, 'down');
  a.act(() => a.control.handleLinkDown(link, world.now));
  world.until(() => a.isUp(B) && b.isUp(A), 200);
  assert.is(a.count('linkDown'), 1);
  // The word of the worker was lost: the bit tells.
  const again = a.entries.get(a.status(B)?.link ?? 0);
  if (again) again.up = false;
  world.run(600);
  assert.is(a.count('linkDown'), 2);
});

test('the round-trip time is that of the path, not of our own slowness', () => {
  const { world, a } = pair();
  Object.assign(world, { delay: 30 });
  world.run(20_000);
  const { rtt = 0, rttVariance = 100 } = a.status(B) ?? {};
  assert.ok(Math.abs(rtt - 60) < 2, `${rtt}`);
  assert.ok(rttVariance < 2, `${rttVariance}`);
  for (let i = 0; i < 20; i++) {
    a.stalled = true;
    world.run(90);
    a.resume();
    world.run(410);
  }
  assert.ok(Math.abs((a.status(B)?.rtt ?? 0) - 60) < 2);
});

test.run();
