/** Who is let in. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GUEST_MS, IncomingLinks, MAX_GUESTS, MOST_FLOWS_INCOMING } from '../../../ts/control/neighbours/incoming.js';
import { LinkedPeers } from '../../../ts/control/neighbours/linked.js';
import { MOST_INCOMING } from '../../../ts/control/neighbours/ring4.js';
import type { DialPurpose } from '../../../ts/wire/handshake.js';

const SELF = 0x01010180;
const ADDRESS = { scheme: 'udp', family: 4, host: '10.0.0.1', port: 7000 } as const;

class Gate {
  readonly linked = new LinkedPeers();
  readonly incoming = new IncomingLinks(SELF, this.linked);
  #links = 0;

  /** Lets it in, if it may, and its link comes up. */
  dial(id: number, purpose: DialPurpose, now = 0): boolean {
    if (!this.incoming.admits(id, purpose, now)) return false;
    this.linked.up(++this.#links, id, 10, { address: ADDRESS, weDialed: false, configured: false }, now);
    this.incoming.arrived(id, now);
    return true;
  }
}

/** A gate whose layer 4 is full; the nearest before it has the id 0x0101017f. */
function full(): Gate {
  const gate = new Gate();
  let id = 0x0101017f;
  while (gate.incoming.count(4) < (MOST_INCOMING[4] as number)) assert.ok(gate.dial(id--, 'chosen'));
  return gate;
}

test('each layer has a limit of its own', () => {
  const gate = full();
  assert.not.ok(gate.dial(0x01010110, 'chosen'));
  assert.ok(gate.dial(0x01010210, 'chosen'), 'another layer');
  assert.ok(gate.dial(0x01010110, 'configured'), 'people want it');
});

test("links for flows have places of their own, and take nobody else's", () => {
  const gate = full();
  for (let n = 0; n < MOST_FLOWS_INCOMING; n++) assert.ok(gate.dial(0x01010101 + n, 'flow'));
  assert.not.ok(gate.dial(0x01010130, 'flow'));
  assert.is(gate.incoming.count(4), MOST_INCOMING[4]);
  assert.not.ok(gate.incoming.isGuest(0x01010101));
  gate.linked.down(1000, 0x01010101);
  gate.incoming.gone(0x01010101);
  assert.ok(gate.dial(0x01010130, 'flow'), 'one has gone');
});

test('a ring predecessor is let in whatever is taken, in the place of nobody', () => {
  const gate = full();
  gate.linked.down(1, 0x0101017f);
  gate.incoming.gone(0x0101017f);
  assert.ok(gate.dial(0x0101017f, 'ring'));
  const before = gate.incoming.count(4);
  assert.is(before, MOST_INCOMING[4], 'it is not counted');
});

test('who joins, and who takes this node for its successor, is a guest for a while', () => {
  const gate = full();
  for (let i = 0; i < MAX_GUESTS; i++) assert.ok(gate.dial(0x01010120 + i, i % 2 === 0 ? 'join' : 'ring'));
  assert.not.ok(gate.dial(0x01010140, 'join'), 'there are guests enough');
  assert.is(gate.incoming.nextDeparture(), GUEST_MS);
  assert.equal(gate.incoming.overdue(GUEST_MS - 1), []);
  assert.is(gate.incoming.overdue(GUEST_MS).length, MAX_GUESTS);
});

test('a guest stays when a place has become free', () => {
  const gate = full();
  assert.ok(gate.dial(0x01010120, 'join'));
  gate.linked.down(9, 0x01010177);
  gate.incoming.gone(0x01010177);
  assert.equal(gate.incoming.overdue(GUEST_MS), []);
  assert.not.ok(gate.incoming.isGuest(0x01010120));
});

test('who is ring predecessor no more is a guest, if there is no other place for it', () => {
  const gate = full();
  for (let i = 1; i <= 5; i++) gate.dial(0x0101017f - i, 'chosen');
  assert.is(gate.incoming.count(4), MOST_INCOMING[4]);
  const before = new Gate();
  // Each newcomer lies nearer before this node than those that are there.
  for (let i = 0; i < 40; i++) assert.ok(before.dial(0x01010140 + i, 'ring', i));
  assert.is(before.incoming.count(4), MOST_INCOMING[4]);
  assert.ok(before.incoming.overdue(GUEST_MS + 40).length >= 10);
});

test('whoever was let in and never came leaves its place', () => {
  const gate = new Gate();
  for (let i = 0; i <= (MOST_INCOMING[4] as number); i++) gate.incoming.admits(0x01010110 + i, 'chosen', 0);
  assert.not.ok(gate.incoming.admits(0x01010105, 'chosen', 1_000));
  assert.ok(gate.incoming.admits(0x01010105, 'chosen', 10_000));
});

test.run();
