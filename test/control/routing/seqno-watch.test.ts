/** Sequence numbers that jump ahead are granted in steps, counted and said; at the end of them an origin stops. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_SEQNO, type RoutingEntry } from '../../../ts/wire/routing-entry.js';
import { id } from './harness.js';
import { BOOT, Puppet, route } from './puppet.js';

const STEP = 0x1_0000;
const SELF_BYTE = 1;

const jumps = (net: Puppet) => net.outputs.flatMap((output) => (output.kind === 'seqnoJump' ? [output] : []));
const ends = (net: Puppet) => net.outputs.flatMap((output) => (output.kind === 'seqnoEnd' ? [output.left] : []));
const toldSeqno = (entry: RoutingEntry | undefined) => (entry && 'seqno' in entry ? entry.seqno : undefined);

/** What zone-mates say of the group 1.1.1, and how a peer outside of it asks for a number. */
const mates = (seqno: number): RoutingEntry => ({ kind: 'ownZone', layer: 3, byte: SELF_BYTE, seqno });
const bump = (seqno: number) => ({ layer: 3, byte: SELF_BYTE, bump: true, seqno });

test('an origin is moved by one step at most, whatever is asked for; what is far is counted each time and told once a minute', () => {
  const net = new Puppet();
  const asker = net.peer('1.1.1.2');
  const z = () => toldSeqno(net.said(asker, SELF_BYTE));
  net.run(100);
  assert.is(z(), BOOT);
  net.ask(asker, { byte: SELF_BYTE, bump: true, seqno: BOOT + 5 });
  net.run(100);
  assert.equal([z(), jumps(net).length], [BOOT + 5, 0], 'what is near is granted');
  for (const expected of [BOOT + 5 + STEP, BOOT + 5 + 2 * STEP]) {
    net.ask(asker, { byte: SELF_BYTE, bump: true, seqno: MAX_SEQNO });
    net.run(100);
    assert.is(z(), expected);
  }
  assert.equal(
    jumps(net).map(({ isTold }) => isTold),
    [true, false],
  );
  assert.equal(jumps(net)[0]?.jump, { layer: 4, byte: SELF_BYTE, peer: id('1.1.1.2'), from: BOOT + 5, to: MAX_SEQNO });
  net.run(60_000);
  net.ask(asker, { byte: SELF_BYTE, bump: true, seqno: MAX_SEQNO });
  assert.is(jumps(net).at(-1)?.isTold, true);
});

test('a zone-mate is believed, for zones that were apart must meet, but a jump beyond the present is told', () => {
  const net = new Puppet();
  const mate = net.peer('1.1.1.2');
  const outside = net.peer('1.1.2.1');
  const z = () => toldSeqno(net.said(outside, SELF_BYTE, 3));
  net.tell(mate, [mates(1000)]);
  net.run(100);
  assert.equal([z(), jumps(net).length], [1000, 0], 'the first number is taken as it is');
  net.tell(mate, [mates(BOOT + 60)]);
  net.run(1000);
  assert.equal([z(), jumps(net).length], [BOOT + 60, 0], 'up to the present numbers may go: a boot of now (R19)');
  net.tell(mate, [mates(BOOT + 60 + 2 * STEP)]);
  net.run(1000);
  assert.equal([z(), jumps(net).length], [BOOT + 60 + 2 * STEP, 1]);
});

test("a slot's label that jumps is told, and the explanation of the route has it", () => {
  const net = new Puppet();
  const peer = net.peer('1.1.1.2');
  const why = () => net.router.explain(id('1.1.1.9'), 0, net.now)?.lastJump;
  net.tell(peer, [route(9, 5, 100)]);
  net.tell(peer, [route(9, BOOT + 30, 100)]);
  assert.equal([why(), jumps(net).length], [undefined, 0], 'the node was booted again just now');
  net.tell(peer, [route(9, BOOT + 30 + STEP, 100)]);
  assert.is(jumps(net).length, 0, 'one step is what an origin grants');
  net.tell(peer, [route(9, MAX_SEQNO, 100)]);
  net.run(500);
  assert.equal(why(), { peer: id('1.1.1.2'), from: BOOT + 30 + STEP, to: MAX_SEQNO, agoMs: 500 });
  assert.is(jumps(net).length, 1);
});

test('near the end people are told; at the end the number stays, and so does the distance', () => {
  const net = new Puppet();
  const mate = net.peer('1.1.1.2');
  const outside = net.peer('1.1.2.1');
  const told = () => net.said(outside, SELF_BYTE, 3);
  net.tell(mate, [mates(MAX_SEQNO - 2 * STEP)]);
  net.run(100);
  net.ask(outside, bump(MAX_SEQNO - 2 * STEP + 1));
  assert.equal(ends(net), [], 'there are enough');
  net.ask(outside, bump(MAX_SEQNO - STEP + 1));
  net.ask(outside, bump(MAX_SEQNO - 1));
  assert.equal(ends(net), [STEP - 1], 'told once');
  net.run(100);
  assert.is(toldSeqno(told()), MAX_SEQNO - 1);
  net.run(60_000);
  net.ask(outside, bump(MAX_SEQNO));
  net.run(100);
  const last = told();
  assert.is(toldSeqno(last), MAX_SEQNO);
  for (let i = 0; i < 3; i++) {
    net.ask(outside, { layer: 3, byte: SELF_BYTE, seqno: MAX_SEQNO, distance: 0 });
    net.run(30_000);
  }
  assert.equal(told(), last, 'it does not wrap, and its distance does not rise');
  assert.is(ends(net).at(-1), 0);
});

test('whoever has the last number asks for no higher one', () => {
  const net = new Puppet();
  const [a, b] = [net.peer('1.1.1.2'), net.peer('1.1.1.3')];
  net.tell(a, [route(9, MAX_SEQNO, 2)]);
  net.tell(a, [route(9, MAX_SEQNO, 900)]);
  net.tell(b, [route(9, MAX_SEQNO, 800)]);
  net.run(20_000);
  const asked = [...net.asked(a), ...net.asked(b)];
  assert.ok(
    asked.some((request) => request.bump),
    'it is starved',
  );
  assert.ok(asked.every(({ seqno }) => seqno === MAX_SEQNO));
});

test.run();
