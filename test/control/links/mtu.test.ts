/** The MTU of links between control nodes: real hellos, a network whose directions carry so much and no more. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { peer, World } from './world.js';

interface Ends {
  /** Largest frame from a to b, and back. */
  ab: number;
  ba: number;
}

function linked(ends: Ends, seed = 1, probeMtu = true) {
  const world = new World(seed);
  world.filter = ({ from, frame }) => frame.byteLength <= (from === '10.0.0.1' ? ends.ab : ends.ba);
  const b = world.add('1.1.1.2', { probeMtu });
  const a = world.add('1.1.1.1', { probeMtu, peers: [peer('1.1.1.2')] });
  world.until(() => a.isUp('1.1.1.2') && b.isUp('1.1.1.1'));
  const mtuOf = (node: typeof a, of: string) => {
    const { mtu, mtuState, link = 0 } = node.status(of) ?? {};
    assert.is(node.entries.get(link)?.mtu, mtu, 'the packet path knows it');
    return [mtu, mtuState] as const;
  };
  return { world, a, b, there: () => mtuOf(a, '1.1.1.2'), back: () => mtuOf(b, '1.1.1.1') };
}

test('each end finds the MTU of its own direction, and probes count as no loss', () => {
  const { world, a, b, there, back } = linked({ ab: 1472, ba: 8972 });
  assert.is(there()[0], 1200, 'the base until more is known');
  world.run(5_000);
  assert.equal(there(), [1472, 'complete']);
  assert.equal(back(), [8972, 'complete']);
  for (const status of [a.status('1.1.1.2'), b.status('1.1.1.1')])
    assert.ok((status?.lossIn ?? 9) + (status?.lossOut ?? 9) < 0.5, JSON.stringify(status));
  world.run(60_000);
  assert.equal(there(), [1472, 'complete']);
  assert.equal(back(), [8972, 'complete']);
  assert.is(a.count('linkDown') + b.count('linkDown'), 0);
});

test('whatever the two directions carry, with loss on the way', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const ends = { ab: 1200 + ((seed * 977) % 8200), ba: 1200 + ((seed * 331) % 400) };
    const { world, there, back } = linked(ends, seed);
    world.loss = 0.02;
    for (let i = 0; i < 200; i++) {
      world.run(100);
      assert.ok((there()[0] ?? 0) <= ends.ab && (back()[0] ?? 0) <= ends.ba, `never above the path, seed ${seed}`);
    }
    assert.is(there()[1], 'complete');
    assert.ok((there()[0] ?? 0) >= 1200);
  }
});

test('a packet path that cannot forbid fragments probes nothing', () => {
  const { world, there } = linked({ ab: 8972, ba: 8972 }, 1, false);
  world.run(30_000);
  assert.equal(there(), [1200, 'fixed']);
  assert.ok(world.log.every(({ frame }) => frame.byteLength <= 1200));
});

test('full frames vanish while small ones arrive: the MTU falls within a second, the link stays', () => {
  const ends = { ab: 8972, ba: 8972 };
  const { world, a, there } = linked(ends);
  world.run(5_000);
  assert.is(there()[0], 8972);
  const flow = () => {
    a.sendData('1.1.1.2', 'full');
    world.at(world.now + 20, flow);
  };
  flow();
  world.run(3_000);
  ends.ab = 1412;
  world.run(1_200);
  assert.ok((there()[0] ?? 9999) <= 1412, `${there()[0]}`);
  world.run(5_000);
  assert.equal(there(), [1412, 'complete'], 'the largest candidate that passes: a packet of 1440');
  assert.is(a.count('linkDown'), 0);
});

test('a network change looks for more at once', () => {
  const ends = { ab: 1472, ba: 1472 };
  const { world, a, there } = linked(ends);
  world.run(5_000);
  ends.ab = 8972;
  world.run(5_000);
  assert.is(there()[0], 1472, 'nobody looks for more just now');
  a.act(() => a.control.handleCommand({ kind: 'networkChange' }, world.now));
  world.run(1_000);
  assert.equal(there(), [8972, 'complete']);
});

test('a worker lowers it when the own device refuses: the search begins again', () => {
  const ends = { ab: 8972, ba: 8972 };
  const { world, a, there } = linked(ends);
  world.run(5_000);
  ends.ab = 1472;
  const entry = a.entries.get(a.status('1.1.1.2')?.link ?? 0);
  assert.ok(entry);
  entry.mtu = 1200;
  world.run(5_000);
  assert.equal(there(), [1472, 'complete']);
});

test('a silent link is down, and no black hole', () => {
  const ends = { ab: 1472, ba: 1472 };
  const { world, a, there } = linked(ends);
  world.run(5_000);
  ends.ab = 0;
  ends.ba = 0;
  world.until(() => !a.isUp('1.1.1.2'), 10_000);
  ends.ab = 1472;
  ends.ba = 1472;
  world.until(() => a.isUp('1.1.1.2'), 30_000);
  world.run(5_000);
  assert.equal(there(), [1472, 'complete'], 'a new session begins anew');
});

test.run();
