/** What is said of a route: each verdict, in the situation that it is for. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CandidateVerdict } from '../../../ts/control/routing/why.js';
import { INFINITE } from '../../../ts/wire/routing-entry.js';
import { id } from './harness.js';
import { Puppet, retraction, route } from './puppet.js';

const DESTINATION = id('1.1.1.9');

function verdicts(puppet: Puppet): Record<string, CandidateVerdict> {
  const explanation = puppet.router.explain(DESTINATION, 0, puppet.now);
  return Object.fromEntries((explanation?.candidates ?? []).map(({ peer, verdict }) => [peer & 255, verdict]));
}

test('next hop, backup, spare; a label that is too large; nothing said; nothing left', () => {
  const puppet = new Puppet();
  const peer = (n: number) => puppet.peer(`1.1.1.${n}`);
  const [two, three, four, five, six] = [peer(2), peer(3), peer(4), peer(5), peer(6)];
  peer(7);
  assert.is(puppet.router.explain(DESTINATION, 0, 0)?.label, undefined, 'there never was a route');
  puppet.tell(two, [route(9, 5, 100)]);
  puppet.tell(three, [route(9, 5, 110)]);
  puppet.tell(four, [route(9, 5, 120)]);
  puppet.tell(five, [route(9, 5, 5000)]);
  puppet.tell(six, [route(9, 5, 130)]);
  puppet.tell(six, [retraction(9)]);
  assert.equal(verdicts(puppet), {
    2: 'primary',
    3: 'backup',
    4: 'spare',
    5: 'label',
    6: 'retracted',
    7: 'silent',
  });
  const explanation = puppet.router.explain(DESTINATION, 0, 0);
  assert.is(explanation?.label?.seqno, 5);
  assert.is(explanation?.isAsking, false);
  assert.equal(explanation?.candidates[0]?.label, { seqno: 5, distance: 100 });
  assert.ok((explanation?.candidates[0]?.rtt ?? 0) > 10, 'the link is counted');
});

test('after two strikes only fresher labels are believed', () => {
  const puppet = new Puppet();
  const two = puppet.peer('1.1.1.2');
  const three = puppet.peer('1.1.1.3');
  puppet.tell(two, [route(9, 5, 100)]);
  puppet.tell(two, [retraction(9)]);
  puppet.tell(two, [route(9, 5, 100)]);
  puppet.tell(two, [retraction(9)]);
  puppet.tell(three, [route(9, 5, 90)]);
  assert.equal(verdicts(puppet), { 2: 'retracted', 3: 'suspect' });
  const explanation = puppet.router.explain(DESTINATION, 0, puppet.now);
  assert.ok((explanation?.suspectMs ?? 0) > 0);
  assert.is(explanation?.isAsking, true);
});

test('what is farther than can be told is no way', () => {
  const puppet = new Puppet();
  const two = puppet.peer('1.1.1.2');
  puppet.tell(two, [route(9, 5, 100, INFINITE - 5)]);
  assert.equal(verdicts(puppet), { 2: 'far' });
});

test('there is nothing to explain about oneself, and neighbours in other zones say nothing of this one', () => {
  const puppet = new Puppet();
  puppet.peer('1.1.1.2');
  puppet.peer('1.2.1.1');
  assert.is(puppet.router.explain(id('1.1.1.1'), 0, 0), undefined);
  assert.equal(Object.keys(verdicts(puppet)), ['2']);
});

test.run();
