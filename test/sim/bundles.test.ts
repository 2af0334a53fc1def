/** Links of several sessions in whole networks: under all faults, with single sessions cut; and proof that what goes wrong is noticed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BundleWriter } from '../../ts/memory/bundles.js';
import { LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { createRegion } from '../../ts/memory/region.js';
import { BundleChecker } from '../../ts/sim/bundle-checker.js';
import { replayCommand, runSimulation } from '../../ts/sim/run.js';

const NODES = 5;

test('buckets name live sessions to the right peer, flows stay, routes name no member, and all is whole at the end', () => {
  let [changes, cuts] = [0, 0];
  for (let seed = 1; seed <= 8; seed++) {
    const linksPerPeer = 2 + (seed % 3);
    const result = runSimulation({ seed, nodes: NODES, leaves: seed % 2, linksPerPeer });
    const command = replayCommand(seed, { nodes: NODES, leaves: seed % 2, linksPerPeer });
    assert.equal(result.problems, [], `replay with: ${command}`);
    assert.equal([result.loops, result.labelInversions, result.escapes, result.unconverged], [0, 0, 0, 0], command);
    changes += result.bundleChanges;
    cuts += result.memberCuts;
  }
  assert.ok(changes > 500, `${changes} changes of bundles were looked at`);
  assert.ok(cuts > 60, `${cuts} sessions were cut`);
});

test('a run with bundles is replayed to the byte, and its command says so', () => {
  const options = { seed: 9, nodes: 4, linksPerPeer: 3 };
  assert.equal(runSimulation(options), runSimulation(options));
  assert.is(replayCommand(9, { nodes: 4, linksPerPeer: 3 }), 'portolan sim --seed 9 --nodes 4 --links-per-peer 3');
});

/** Link 1 with its members 2 and 3, and link 4 to somebody else. */
function bundle() {
  const region = createRegion({ workers: 1, links: 8 });
  const links = new LinkTableWriter(region);
  for (let link = 1; link <= 4; link++) {
    const entry = {
      peer: link === 4 ? 9 : 7,
      ourNumber: 4096 + link,
      peerNumber: 4096 + link,
      portKind: PortKind.Udp,
      socket: 0,
      mtu: 1200,
      address: { family: 4, port: 1, bytes: new Uint8Array(4), scope: 0 } as const,
      rxKey: new Uint8Array(16),
      txKey: new Uint8Array(16),
      flags: 0,
      bundleOf: link === 2 || link === 3 ? 1 : 0,
    };
    links.install(link, entry, 0);
    links.setUp(link, true);
  }
  const writer = new BundleWriter(region);
  const checker = new BundleChecker(region);
  const set = (now: readonly number[], written = now) => {
    const check = checker.spread(1, now);
    writer.set(1, written);
    check();
    return checker.problems.splice(0);
  };
  return { links, checker, set };
}

test('what is right is left alone', () => {
  const { set, checker } = bundle();
  for (const links of [[1, 2, 3], [1, 0, 3], [1, 2, 3], [1, 2], []]) assert.equal(set(links), []);
  checker.route(1, 4);
  assert.equal(checker.problems, []);
});

test('a bucket that names a link to somebody else, or one that has gone', () => {
  const { set, links, checker } = bundle();
  assert.match(set([1, 4]).join(), /names link 4, which is no live session/);
  assert.equal(set([1, 2]), []);
  links.retire(2);
  checker.look();
  assert.match(checker.problems.join(), /names link 2/);
});

test('a flow that moves although its session is there; buckets that stay; a route into a member', () => {
  const { set, checker } = bundle();
  set([1, 2, 3]);
  assert.match(set([1, 2, 3], [1, 3, 2]).join(), /has left its session/);
  assert.match(set([], [1, 2]).join(), /is no bundle and has buckets/);
  checker.route(1, 3);
  assert.match(checker.problems.join(), /a route names link 3, a member/);
});

test.run();
