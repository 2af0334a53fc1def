/** Nodes that may be reached over UDP and over TCP, while firewalls close and open, wires lose frames and nodes crash: whole nodes, by seeds. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatNodeId, type NodeId } from '../../ts/kit/node-id.js';
import { type Random, seededRandom } from '../../ts/kit/random.js';
import type { Channel } from '../../ts/sim/channel.js';
import type { Wire } from '../../ts/sim/network.js';
import { delayOnly, randomMesh, type Topology } from '../../ts/sim/topology.js';
import { World } from '../../ts/sim/world.js';

const SEEDS = [1, 2, 3, 4, 5, 6];
const STEP_MS = 20;
/** Faults come and go within this time, ms. */
const TROUBLE_MS = 60_000;
/** When the way over which a link goes is closed, or a node starts, there is another link after this time: silence is noticed, and both ways are tried. */
const PATIENCE_MS = 5_000;
/** UDP is tried at least once a minute. */
const RETURN_MS = 80_000;

const schemeOf = (world: World, from: NodeId, to: NodeId): string | undefined =>
  world
    .node(from)
    ?.control.links(world.queue.now)
    .find(({ peer, state }) => peer === to && state === 'up')
    ?.address.split(':')[0];

const isLinked = (world: World, { a, b }: Wire): boolean =>
  schemeOf(world, a, b) !== undefined && schemeOf(world, b, a) !== undefined;

/** Closes one of a wire's two ways, in one direction or both, for a while; the other one stays open. */
class Firewall {
  until = 0;
  #closed: Channel[] = [];

  constructor(readonly wire: Wire) {}

  /** Whether it was closed by this call. */
  close(now: number, random: Random): boolean {
    if (this.until > now || !this.wire.streams) return false;
    const { ab, ba } = random.chance(0.75) ? this.wire : this.wire.streams;
    this.#closed = random.chance(0.5) ? [ab, ba] : [random.chance(0.5) ? ab : ba];
    for (const channel of this.#closed) channel.cuts++;
    this.until = now + 3_000 + random.below(30_000);
    return true;
  }

  open(): void {
    for (const channel of this.#closed) channel.cuts--;
    this.#closed = [];
  }
}

for (const seed of SEEDS)
  test(`seed ${seed}: where one of the two ways is open there is a link, opening the other one interrupts nothing, and all return to UDP`, () => {
    const random = seededRandom(seed);
    const mesh = randomMesh(random.fork(), 5, 3);
    const loss = seed % 3 === 0 ? 0.02 : 0;
    const topology: Topology = {
      ...mesh,
      edges: mesh.edges.map((edge) => ({ ...edge, model: { ...edge.model, loss } })),
    };
    const world = new World(topology, random.fork(), { overTcp: true });
    const firewalls = world.wires.map((wire) => new Firewall(wire));
    /** When each wire was last given a reason to lose its link. */
    const disturbed = new Map<Wire, number>();
    const faults = { closed: 0, crashes: 0, overTcp: 0 };
    world.start();
    world.sweepEvery(1_000);
    const downUntil = new Map<NodeId, number>();
    for (let now = STEP_MS; now <= TROUBLE_MS + RETURN_MS; now += STEP_MS) {
      world.queue.runUntil(now);
      for (const firewall of firewalls) {
        if (firewall.until > 0 && firewall.until <= now) {
          firewall.until = 0;
          firewall.open(); // which is no reason to lose a link
        } else if (now > PATIENCE_MS && now < TROUBLE_MS && random.chance(0.001) && firewall.close(now, random)) {
          faults.closed++;
          disturbed.set(firewall.wire, now);
        }
      }
      if (now > PATIENCE_MS && now < TROUBLE_MS && random.chance(0.0006)) {
        const id = world.ids[random.below(world.ids.length)] as NodeId;
        if (world.isAlive(id)) {
          world.crash(id);
          downUntil.set(id, now + 100 + random.below(4_000));
          faults.crashes++;
        }
      }
      for (const [id, until] of downUntil) {
        if (until > now) continue;
        downUntil.delete(id);
        world.restart(id);
        for (const wire of world.wires) if (wire.a === id || wire.b === id) disturbed.set(wire, now);
      }
      for (const wire of world.wires) {
        if (!world.isAlive(wire.a) || !world.isAlive(wire.b)) continue;
        if (now - (disturbed.get(wire) ?? 0) > PATIENCE_MS)
          assert.ok(
            isLinked(world, wire),
            `${formatNodeId(wire.a)} and ${formatNodeId(wire.b)} have no link at ${now} ms`,
          );
        if (schemeOf(world, wire.a, wire.b) === 'tcp') faults.overTcp++;
      }
    }
    for (const { a, b } of world.wires)
      assert.equal(
        [schemeOf(world, a, b), schemeOf(world, b, a)],
        ['udp', 'udp'],
        `${formatNodeId(a)}, ${formatNodeId(b)}`,
      );
    assert.equal(world.checker.violations, []);
    for (const id of world.ids) world.checkConservation(id);
    assert.equal(world.unaccounted, []);
    assert.ok(faults.closed > 3 && faults.overTcp > 100, JSON.stringify(faults));
  });

test('make before break: when UDP opens, no packet is lost on the way from one transport to the other', () => {
  const ends = [0x01010101, 0x01010102] as const;
  const topology = { nodes: ends, edges: [{ a: ends[0], b: ends[1], model: delayOnly(20) }] };
  const world = new World(topology, seededRandom(4), { overTcp: true });
  const [{ ab, ba }] = world.wires as [Wire];
  ab.cuts = ba.cuts = 1;
  world.start();
  world.queue.runUntil(5_000);
  assert.is(schemeOf(world, ...ends), 'tcp');
  ab.heal();
  ba.heal();
  let returnedAt = Infinity;
  let now = 5_000;
  for (; now < Math.min(RETURN_MS, returnedAt + 5_000); now += STEP_MS) {
    world.ping(...ends);
    world.queue.runUntil(now);
    if (returnedAt === Infinity && schemeOf(world, ...ends) === 'udp') returnedAt = now;
  }
  world.queue.runUntil(now + 1_000);
  assert.ok(returnedAt < RETURN_MS);
  assert.ok(world.traffic.sums.sent > 200);
  assert.is(world.traffic.sums.answered, world.traffic.sums.sent);
  assert.is(world.node(ends[0])?.control.links(world.queue.now).length, 1);
});

test.run();
