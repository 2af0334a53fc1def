/** Links for flows: real control planes over virtual wires, where only relays lead to a node that is near. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FlowLinks, MAX_FLOW_LINKS } from '../../../ts/control/neighbours/flow-links.js';
import { type Timer, TimerQueue } from '../../../ts/control/timer-queue.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { type NodeSetup, peer, type TestNode, World } from '../links/world.js';

const FAR = '2.2.1.8';
const SOURCE = '1.1.1.3';
const SLOW_MS = 60;

/** Nodes of one group, all linked with one of them, which alone has a link to the far node, and a slow one; the source is near to all of them, and to the far node. */
class Relayed {
  readonly world = new World();
  readonly far: TestNode;
  readonly source: TestNode;

  constructor({ neighbours = 4, ...setup }: NodeSetup = {}, far: NodeSetup = {}) {
    const { world } = this;
    world.delayOf = ({ from, to }) =>
      [from, to].includes('10.0.0.7') && [from, to].includes('10.0.0.8') ? SLOW_MS / 2 : 5;
    this.far = world.add(FAR, far);
    world.add('1.1.1.7', { peers: [peer(FAR)] });
    const bootstrap = [peer('1.1.1.7')];
    for (const text of ['1.1.1.1', '1.1.1.2', '1.1.1.4', '1.1.1.5', '1.1.1.6']) world.add(text, { peers: bootstrap });
    world.run(5_000);
    const begin = neighbours > 0 ? { bootstrap } : { peers: bootstrap };
    this.source = world.add(SOURCE, { neighbours, optimise: true, ...begin, ...setup });
    world.run(20_000);
    assert.is(this.source.status(FAR), undefined);
  }

  /** The source sends to the far node. */
  flow(ms: number): void {
    for (let passed = 0; passed < ms; passed += 500) {
      const samples = [{ destination: this.far.id, trafficClass: 0, packets: 100 }];
      this.source.act(() => this.source.control.handleCommand({ kind: 'flows', samples }, this.world.now));
      this.world.run(500);
    }
  }
}

test('a flow that only slow relays serve gets a link of its own, which goes 30 s after it', () => {
  const { world, source, far, ...net } = wired();
  net.flow(20_000);
  assert.is(source.status(FAR)?.why, 'flow');
  assert.ok(source.isUp(FAR));
  assert.is(source.control.nextHop(far.id, 0), far.id, 'packets take it');
  const [link] = source.control.ownLinks();
  assert.ok(link && link.rttMs < 15 && link.insteadMs > SLOW_MS, JSON.stringify(link));
  const { chosen, most } = source.control.neighbours();
  assert.ok(chosen <= most, `${chosen} of ${most}`);
  const { problem } = far.status(SOURCE) ?? {};
  assert.is(problem, undefined);
  world.run(25_000);
  assert.ok(source.isUp(FAR), 'it may go on');
  world.run(10_000);
  assert.is(source.status(FAR), undefined);
  const ends = far.events.filter((event) => event.type === 'linkDown' && event.peer === source.id);
  assert.equal(
    ends.map((event) => event.type === 'linkDown' && event.reason),
    ['removed'],
  );
  assert.is.not(source.control.nextHop(far.id, 0), undefined);
});

test('ring4 neither counts it nor gives it up, and has the place again after it', () => {
  const { world, source, ...net } = wired();
  const chosen = () => source.control.links(world.now).filter(({ why }) => !['flow', 'incoming'].includes(why)).length;
  const before = chosen();
  net.flow(20_000);
  assert.is(source.status(FAR)?.why, 'flow');
  net.flow(120_000);
  assert.is(source.status(FAR)?.why, 'flow', 'whatever is replaced meanwhile');
  assert.ok(chosen() < before, 'there is one place less');
  world.run(60_000);
  assert.is(chosen(), before);
});

test('a link that the other end has no room for is not made, and not asked for again soon', () => {
  const { world, source, far, ...net } = wired({}, { linkCapacity: 2 });
  const before = world.log.length;
  net.flow(40_000);
  assert.is(source.isUp(FAR), false);
  assert.equal(source.control.ownLinks(), []);
  const dials = world.log.slice(before).filter(({ from, to, type }) => {
    return type === FrameType.Handshake && from === source.host && to === far.host;
  });
  assert.ok(dials.length > 3 && dials.length < 12, `${dials.length} probes and dials`);
});

test('a node that chooses no neighbours makes none', () => {
  const { source, ...net } = wired({ neighbours: 0 });
  net.flow(40_000);
  assert.is(source.status(FAR), undefined);
});

test('with the optimiser off there is none', () => {
  const { source, ...net } = wired({ optimise: false });
  net.flow(40_000);
  assert.is(source.status(FAR), undefined);
});

test('a quarter of the links may be for flows, eight at most; they wait for their places, but not long', () => {
  const deadlines = new TimerQueue<Timer>();
  const dialed: number[] = [];
  const gone: number[] = [];
  const make = (links: number) =>
    new FlowLinks(
      {
        probe: () => {},
        measured: () => {},
        dial: (id) => void dialed.push(id),
        giveUp: () => {},
        gone: (id) => void gone.push(id),
      },
      deadlines,
      links,
    );
  assert.equal(
    [0, 1, 2, 3, 8, 16, 32].map((links) => make(links).most),
    [0, 0, 1, 1, 2, 4, MAX_FLOW_LINKS],
  );
  const flows = make(16);
  for (const id of [1, 2, 3, 4]) assert.ok(flows.make(id, [], 0));
  assert.not.ok(flows.make(5, [], 0), 'a fifth');
  flows.fill(2, 0);
  assert.equal([dialed, flows.dialed, flows.size], [[1, 2], 2, 4]);
  flows.up(1, 100);
  const pass = (now: number) => {
    for (const timer of deadlines.popAll(now)) timer.handleTimeout(now);
  };
  pass(5_000);
  assert.equal(gone, [2], 'it did not come up');
  pass(10_000);
  assert.equal(gone, [2, 3, 4], 'no place became free');
  flows.down(1, false, 11_000);
  pass(15_000);
  assert.ok(flows.has(1), 'it is dialed again');
  flows.down(1, true, 15_000);
  pass(15_001);
  assert.equal([gone, flows.size], [[2, 3, 4, 1], 0]);
});

function wired(setup: NodeSetup = {}, farSetup: NodeSetup = {}) {
  const net = new Relayed(setup, farSetup);
  return { world: net.world, source: net.source, far: net.far, flow: (ms: number) => net.flow(ms) };
}

test.run();
