/** Pinned paths between nodes under a virtual clock: made, renewed, followed, and never left behind, whatever is lost or breaks. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LEASE_MS, type PinNews, PinnedPaths, type PinOutput } from '../../../ts/control/pins/pinned-paths.js';
import { type Random, seededRandom } from '../../../ts/kit/random.js';
import { decodeControl, encodeControl } from '../../../ts/wire/control.js';

const NODES = 6;
const DELAY_MS = 10;

type Installed = PinOutput & { readonly kind: 'pinInstall' };

interface Flying {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** Nodes 1 to 6, all linked with each other; a link is known by the number of its other end. */
class World {
  readonly nodes: PinnedPaths[] = [];
  /** By node: what its packet path was told, by label. */
  readonly tables: Map<number, Installed>[] = [];
  readonly news: { readonly node: number; readonly id: bigint; readonly news: PinNews; readonly rttMs: number }[] = [];
  now = 0;
  loss = 0;
  readonly #random: Random;
  readonly #down = new Set<string>();
  #flying: Flying[] = [];

  constructor(seed: number, capacity = 64) {
    this.#random = seededRandom(seed);
    for (let node = 0; node <= NODES; node++) {
      this.tables.push(new Map());
      this.nodes.push(this.#node(node, capacity, this.#random.next()));
    }
  }

  node(at: number): PinnedPaths {
    return this.nodes[at] as PinnedPaths;
  }

  table(at: number): Map<number, Installed> {
    return this.tables[at] as Map<number, Installed>;
  }

  isUp(a: number, b: number): boolean {
    return !this.#down.has(linkOf(a, b));
  }

  cut(a: number, b: number): void {
    this.#down.add(linkOf(a, b));
    this.#flying = this.#flying.filter(({ from, to }) => linkOf(from, to) !== linkOf(a, b));
    this.node(a).linkDown(b);
    this.node(b).linkDown(a);
  }

  mend(a: number, b: number): void {
    this.#down.delete(linkOf(a, b));
  }

  /** A node starts anew: it knows nothing, and its links are other sessions. */
  restart(at: number): void {
    for (let other = 1; other <= NODES; other++) if (other !== at) this.cut(at, other);
    this.tables[at] = new Map();
    this.nodes[at] = this.#node(at, 64, this.#random.next());
    for (let other = 1; other <= NODES; other++) if (other !== at) this.mend(at, other);
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const wake = Math.min(...this.nodes.map((node) => node.nextTimeout()));
      const [next] = this.#flying;
      const at = Math.min(wake, next?.at ?? Infinity);
      if (at > end) break;
      this.now = Math.max(this.now, at);
      if (next && next.at <= wake) this.#arrive(next);
      else for (const node of this.nodes) node.handleTimeout(this.now);
    }
    this.now = end;
  }

  /**
   * Follows a packet from its source: the nodes that it passes, until labels lead no further. Throws when a label leads to a node that is not
   * the next one of the path that it was given for, or in circles.
   */
  follow(source: number, destination: number): number[] {
    const own = [...this.table(source).values()].findLast((pin) => pin.inLink === 0 && pin.destination === destination);
    const passed = [source];
    let pin = own;
    while (pin && this.isUp(passed.at(-1) as number, pin.outLink)) {
      assert.is(pin.destination, destination, 'a label leads to where the packet wants to go');
      const before = passed.at(-1) as number;
      const at = pin.outLink;
      assert.ok(!passed.includes(at), `in circles: ${passed.join()} ${at}`);
      passed.push(at);
      const label: number = pin.outLabel;
      const next: Installed | undefined = label === 0 ? undefined : this.table(at).get(label);
      pin = next?.inLink === before ? next : undefined;
    }
    return passed;
  }

  #node(at: number, capacity: number, firstGeneration: number): PinnedPaths {
    const node = new PinnedPaths(
      {
        self: at,
        linkTo: (peer) => (peer >= 1 && peer <= NODES && this.isUp(at, peer) ? peer : 0),
        peerAt: (link) => link,
        rttOf: () => 2 * DELAY_MS,
        send: (to, message) => {
          if (!this.isUp(at, to) || this.#random.unit() < this.loss) return;
          this.#flying.push({ at: this.now + DELAY_MS, from: at, to, bytes: encodeControl(message) });
        },
        output: (output) => this.#obey(at, output),
        news: (id, news, rttMs) => this.news.push({ node: at, id, news, rttMs }),
      },
      { capacity, firstGeneration },
    );
    return node;
  }

  #obey(at: number, output: PinOutput): void {
    if (output.kind === 'pinInstall') {
      assert.not.ok(this.table(at).has(output.label));
      this.table(at).set(output.label, output);
    } else {
      assert.ok(this.table(at).delete(output.label));
      this.node(at).handlePinFree(output.label);
    }
  }

  #arrive(message: Flying): void {
    this.#flying.shift();
    const decoded = decodeControl(message.bytes);
    if (
      decoded === 'malformed' ||
      (decoded.kind !== 'pinRequest' && decoded.kind !== 'pinGrant' && decoded.kind !== 'pinEnd')
    )
      throw new Error('a message was not understood');
    assert.ok(this.node(message.to).handle(message.from, decoded, this.now));
  }
}

const linkOf = (a: number, b: number) => `${Math.min(a, b)}-${Math.max(a, b)}`;

test('a path is granted from its end, and followed to it', () => {
  const world = new World(1);
  assert.ok(world.node(1).pin({ id: 7n, path: [1, 2, 3, 4], trafficClass: 0 }, 0));
  world.run(3 * DELAY_MS);
  assert.equal(world.news, [], 'a request has gone there');
  world.run(3 * DELAY_MS);
  assert.equal(world.news, [{ node: 1, id: 7n, news: 'granted', rttMs: 3 * 2 * DELAY_MS }]);
  assert.equal(world.follow(1, 4), [1, 2, 3, 4]);
  assert.equal(
    world.tables.map(({ size }) => size),
    [0, 1, 1, 1, 0, 0, 0],
    'the destination keeps nothing',
  );
});

test('a path to a neighbour needs no label', () => {
  const world = new World(1);
  world.node(1).pin({ id: 7n, path: [1, 2], trafficClass: 0 }, 0);
  world.run(100);
  assert.equal(
    [...world.table(1).values()].map(({ outLink, outLabel }) => [outLink, outLabel]),
    [[2, 0]],
  );
});

test('it lives as long as it is renewed, and not longer', () => {
  const world = new World(1);
  world.node(1).pin({ id: 7n, path: [1, 2, 3, 4], trafficClass: 0 }, 0);
  world.run(10 * LEASE_MS);
  assert.equal(world.follow(1, 4), [1, 2, 3, 4]);
  world.node(1).unpin(7n);
  world.run(100);
  assert.ok(
    world.nodes.every(({ size }) => size === 0),
    'all were told',
  );

  world.node(1).pin({ id: 8n, path: [1, 2, 3, 4], trafficClass: 0 }, world.now);
  world.run(100);
  world.loss = 1;
  world.run(2 * LEASE_MS);
  assert.ok(
    world.nodes.every(({ size }) => size === 0),
    'nobody heard of anybody',
  );
  assert.equal(world.news.at(-1), { node: 1, id: 8n, news: 'ended', rttMs: 0 });
});

test('the source hears of a link that breaks anywhere, and may ask for another way while the old one is there', () => {
  const world = new World(1);
  world.node(1).pin({ id: 7n, path: [1, 2, 3, 4], trafficClass: 0 }, 0);
  world.run(100);
  world.cut(3, 4);
  assert.equal(world.follow(1, 4), [1, 2, 3], 'packets come that far, and go on by the table');
  world.run(100);
  assert.equal(world.news.at(-1), { node: 1, id: 7n, news: 'ended', rttMs: 0 });
  assert.ok(world.nodes.every(({ size }) => size === 0));

  world.node(1).pin({ id: 8n, path: [1, 2, 4], trafficClass: 0 }, world.now);
  world.run(100);
  world.node(1).pin({ id: 9n, path: [1, 5, 4], trafficClass: 0 }, world.now);
  world.run(100);
  assert.equal(world.follow(1, 4), [1, 5, 4], 'the later one counts');
  world.node(1).unpin(8n);
  world.run(100);
  assert.equal(world.follow(1, 4), [1, 5, 4]);
});

test('a relay that starts anew has forgotten the path, and the source hears of it', () => {
  const world = new World(1);
  world.node(1).pin({ id: 7n, path: [1, 2, 3, 4], trafficClass: 0 }, 0);
  world.run(100);
  world.restart(3);
  world.run(100);
  assert.equal(world.news.at(-1), { node: 1, id: 7n, news: 'ended', rttMs: 0 });
});

test('what cannot be is refused: no room, no such link, a place that is not ours', () => {
  const world = new World(1, 1);
  world.node(1).pin({ id: 7n, path: [1, 2, 3], trafficClass: 0 }, 0);
  world.run(100);
  world.node(4).pin({ id: 8n, path: [4, 2, 3], trafficClass: 0 }, world.now);
  world.run(100);
  assert.equal(world.news.at(-1), { node: 4, id: 8n, news: 'ended', rttMs: 0 }, 'the relay has one label');
  world.cut(5, 6);
  assert.not.ok(world.node(5).pin({ id: 9n, path: [5, 6], trafficClass: 0 }, world.now));
  const forged = { kind: 'pinRequest', request: { id: 10n, path: [1, 2, 3], trafficClass: 0 } } as const;
  assert.not.ok(world.node(2).handle(4, forged, world.now), 'it came by another node than it says');
  assert.not.ok(world.node(6).handle(1, forged, world.now), 'this node is not on it');
});

test('under any faults: no circles, no label to a wrong place, and in the end nothing is left behind', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('pin'), path: fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 2 }) }),
    fc.record({ kind: fc.constant('unpin'), which: fc.nat(8) }),
    fc.record({ kind: fc.constant('cut'), a: fc.integer({ min: 1, max: 6 }), b: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant('mend'), a: fc.integer({ min: 1, max: 6 }), b: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant('restart'), node: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant('run'), ms: fc.integer({ min: 1, max: 2 * LEASE_MS }) }),
  );
  fc.assert(
    fc.property(fc.nat(), fc.array(step, { maxLength: 40 }), (seed, steps) => {
      const world = new World(seed, 3);
      world.loss = (seed % 4) / 10;
      const pins: { id: bigint; node: number }[] = [];
      for (const one of steps) {
        if ('path' in one) {
          const id = BigInt(pins.length + 1);
          const node = one.path[0] as number;
          pins.push({ id, node });
          world.node(node).pin({ id, path: one.path, trafficClass: 0 }, world.now);
        } else if ('which' in one) {
          const pin = pins[one.which];
          if (pin) world.node(pin.node).unpin(pin.id);
        } else if ('ms' in one) world.run(one.ms);
        else if ('node' in one) world.restart(one.node);
        else if (one.a !== one.b) {
          if (one.kind === 'cut') world.cut(one.a, one.b);
          else world.mend(one.a, one.b);
        }
        for (let from = 1; from <= NODES; from++)
          for (let to = 1; to <= NODES; to++) if (from !== to) world.follow(from, to);
      }
      for (const { id, node } of pins) world.node(node).unpin(id);
      world.run(2 * LEASE_MS);
      assert.ok(
        world.nodes.every(({ size }) => size === 0),
        'nothing is left behind',
      );
      assert.ok(world.tables.every(({ size }) => size === 0));
    }),
  );
});

test.run();
