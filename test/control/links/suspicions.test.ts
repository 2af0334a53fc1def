/** Word of a relay that has fallen silent: idle links notice soon, and nobody is believed who is merely wrong or lies. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeControl } from '../../../ts/wire/control.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { HEADERS_BYTES } from '../../../ts/wire/network-header.js';
import { peer, type TestNode, World } from './world.js';

const [A, B, C] = ['1.1.1.1', '1.1.1.2', '1.1.1.3'];

/** Three nodes with a link each; data flows between A and B only. */
function triangle(seed: number): { world: World; a: TestNode; b: TestNode; c: TestNode } {
  const world = new World(seed);
  const c = world.add(C);
  const b = world.add(B, { peers: [peer(C)] });
  const a = world.add(A, { peers: [peer(B), peer(C)] });
  world.until(() => [a.isUp(B), a.isUp(C), b.isUp(A), b.isUp(C), c.isUp(A), c.isUp(B)].every(Boolean));
  const send = () => {
    if (a.isUp(B)) a.sendData(B);
    if (b.running && b.isUp(A)) b.sendData(A);
    world.at(world.now + 10, send);
  };
  send();
  world.run(10_000);
  return { world, a, b, c };
}

test('who has an idle link to a dead relay knows it soon after the first one that misses it', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { world, a, b, c } = triangle(seed);
    b.crash();
    const first = world.until(() => !a.isUp(B));
    const second = world.until(() => !c.isUp(B));
    assert.ok(first <= 250, `${first} ms`);
    assert.ok(second <= 250, `seed ${seed}: ${second} ms after the first`);
    assert.is(c.status(B)?.problem, 'silent');
  }
});

test('a relay that answers is kept, whatever is said of it', () => {
  const { world, a, b, c } = triangle(1);
  world.filter = ({ from, to }) => !(from === a.host && to === b.host) && !(from === b.host && to === a.host);
  world.until(() => !a.isUp(B));
  world.run(20_000);
  assert.equal([c.count('linkDown'), c.isUp(B)], [0, true]);
});

test('one that is told of again and again is asked once a second', () => {
  const { world, b, c } = triangle(2);
  let hellos = 0;
  world.filter = ({ from, to, type }) => {
    if (from === c.host && to === b.host && type === FrameType.Hello) hellos++;
    return true;
  };
  world.run(10_000);
  const calm = hellos;
  hellos = 0;
  const rumour = encodeControl({ kind: 'suspicion', id: b.id });
  const frame = Uint8Array.from([...new Uint8Array(HEADERS_BYTES), ...rumour]);
  const { link = 0 } = c.status(A) ?? {};
  const hear = () => c.act(() => c.control.handleFrame({ link, type: FrameType.Control, frame }, world.now));
  for (let i = 0; i < 1000; i++) world.at(world.now + 10 * i, hear);
  world.run(10_000);
  assert.ok(hellos - calm <= 30, `${hellos} hellos instead of ${calm}`);
  assert.is(c.count('linkDown'), 0);
});

test.run();
