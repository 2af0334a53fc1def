/**
 * What only a real device does: an MTU smaller than the link's, and frames that wait so that the socket is full. In a namespace with a pair
 * of virtual Ethernet devices. Frames to a neighbour whose hardware address is not known yet wait in the kernel, on the socket's account.
 */
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeFrame } from '../../ts/wire/frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { ip, isInside, namespaceProblem, runInside } from './namespace.js';
import { addon, Rig, reason } from './rig.js';

const PEER = { host: '10.9.9.2', port: 7000 };
const data = (sequence: number, size: number) =>
  makeFrame({ destination: 0x01010103, source: 0x01010101, sequence }, new Uint8Array(size - 48));
const hello = (size: number) => makeFrame({ type: FrameType.Hello }, new Uint8Array(size - 48));

if (!isInside) {
  const problem = addon === undefined ? reason : namespaceProblem();
  if (problem === undefined)
    test('in a namespace of its own', () => assert.match(runInside(fileURLToPath(import.meta.url)), /Total: +5/));
  else test(`full devices are not tested here: ${problem}`, () => assert.not.equal(problem, ''));
} else if (addon !== undefined) {
  const native = addon;
  ip('link set lo up');
  ip('link add v0 type veth peer name v1');
  ip('address add 10.9.9.1/24 dev v0');
  ip('link set v0 mtu 1300 up');
  ip('link set v1 up');

  test('a link whose frames exceed the device gets a lower MTU, and the socket keeps GSO', () => {
    ip('neighbour replace 10.9.9.2 lladdr 02:00:00:00:00:02 dev v0');
    using a = new Rig(native, { host: '10.9.9.1' });
    a.link(1, PEER, { mtu: 1400 });
    for (let i = 0; i < 10; i++) a.originate(1, data(i, 1400));
    a.path.send();
    assert.is(a.counters().oversize, 10);
    assert.is(a.counters().sent, 0);
    assert.is(a.path.socketStats(0)?.gso, true);
    // The link's MTU is 1200 again: what is larger is not even tried, what fits goes in one message.
    for (let i = 0; i < 10; i++) a.originate(1, data(i, 1300));
    for (let i = 0; i < 10; i++) a.originate(1, data(i, 1200));
    assert.is(a.path.send(), 10);
    assert.is(a.counters().oversize, 20);
    assert.is(a.counters().sendCalls, 1);
  });

  test('a hello probes beyond the MTU', () => {
    using a = new Rig(native, { host: '10.9.9.1' });
    a.link(1, PEER, { mtu: 1200 });
    a.originate(1, hello(1272));
    assert.is(a.path.send(), 1);
    a.originate(1, hello(1400));
    assert.is(a.path.send(), 0);
    assert.is(a.counters().probeTooBig, 1);
    assert.is(a.counters().oversize, 0);
    assert.is(a.links.mtu(1), 1200, 'a refused probe lowers nothing');
  });

  test('a probe is no segment of a larger message', () => {
    using a = new Rig(native, { host: '10.9.9.1' });
    a.link(1, PEER, { mtu: 1272 });
    for (const frame of [data(1, 1272), hello(1272), hello(104), data(2, 104)]) a.originate(1, frame);
    assert.is(a.path.send(), 4);
    assert.is(a.counters().sendCalls, 3, 'what comes before, the probe, what comes behind');
  });

  for (const gso of [true, false])
    test(`a full socket keeps what fits for later, ${gso ? 'with' : 'without'} GSO, and other sockets go on`, () => {
      ip('neighbour flush dev v0 nud all');
      using a = new Rig(native, { host: '10.9.9.1', gso, sendBuffer: 8192 });
      using sink = new Rig(native);
      const other = native.openUdpSocket({ ...OPEN, host: '127.0.0.1' });
      a.path.addSocket(1, other.fd, { kind: 'link', gso: true, gro: true });
      a.link(1, PEER);
      a.link(2, sink.socket, { socket: 1 });
      sink.link(2, { host: '127.0.0.1', port: other.port });

      let offered = 0;
      let batches = 0;
      while ((a.path.socketStats(0)?.pending ?? 0) === 0 || a.counters().egressFull === 0) {
        assert.ok(++batches < 500, 'the socket fills up');
        for (let i = 0; i < 60; i++) a.originate(1, data(i, 1200));
        a.originate(2, data(batches, 100));
        offered += 60;
        a.path.send();
      }
      const { pending } = a.path.socketStats(0) ?? { pending: 0 };
      assert.ok(pending <= 2048);
      const before = a.counters();
      assert.is(
        before.sent - batches + pending + before.egressFull,
        offered,
        'every frame is sent, waits, or is counted',
      );
      assert.is(sink.receive(batches).flatMap((run) => run.frames).length, batches);

      // The neighbour is found: what waited leaves, woken by the socket and not by asking again and again.
      ip('neighbour replace 10.9.9.2 lladdr 02:00:00:00:00:02 dev v0');
      for (let i = 0; i < 100 && (a.path.socketStats(0)?.pending ?? 0) > 0; i++) a.path.receive(1000);
      assert.is(a.path.socketStats(0)?.pending, 0);
      const after = a.counters();
      assert.is(after.sent - batches + after.egressFull, offered);
      for (let i = 0; i < 100; i++) a.originate(1, data(i, 1200));
      assert.ok(a.path.send() > 0, 'the blocks are free again');
    });
}

const OPEN = { port: 0, reusePort: false, receiveBuffer: 0, sendBuffer: 0, gso: true, gro: true } as const;

test.run();
