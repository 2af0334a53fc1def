/**
 * Nodes that all dial each other, under crashes, restarts, frozen processes, cuts in one direction, loss, reordering and duplication. At every
 * moment each node has at most one session a peer that is up, and routing hears up and down in turn; once the faults end, all come together again.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatNodeId } from '../../../ts/kit/node-id.js';
import { peer, type TestNode, World } from './world.js';

const IDS = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '7.1.1.1'];
const HOSTS = new Map(IDS.map((id, i) => [id, `10.0.0.${i + 1}`]));
const seeds = Number(process.env['PORTOLAN_CHAOS_SEEDS'] ?? 12);

class Chaos {
  readonly world: World;
  readonly nodes = new Map<string, TestNode>();
  #cuts = new Set<string>();

  constructor(seed: number) {
    this.world = new World(seed);
    this.world.filter = ({ from, to }) => !this.#cuts.has(`${from} ${to}`);
    for (const id of IDS) this.boot(id);
  }

  boot(id: string): void {
    const peers = IDS.filter((other) => other !== id).map((other) => peer(other, HOSTS.get(other)));
    this.nodes.set(id, this.world.add(id, { host: HOSTS.get(id) as string, peers }));
  }

  fault(): void {
    const { world } = this;
    const { random } = world;
    const id = IDS[random.below(IDS.length)] as string;
    const node = this.nodes.get(id) as TestNode;
    const hosts = [...HOSTS.values()];
    switch (random.below(8)) {
      case 0:
        if (node.running) node.crash();
        break;
      case 1:
        if (node.running) node.crash();
        this.boot(id);
        break;
      case 2:
        if (!node.running) this.boot(id);
        break;
      case 3:
        node.stalled = node.frozen = true;
        world.at(world.now + random.below(4000), () => node.thaw());
        break;
      case 4:
        this.#cuts.add(`${hosts[random.below(4)]} ${hosts[random.below(4)]}`);
        break;
      case 5:
        this.#cuts.clear();
        break;
      case 6:
        Object.assign(world, { loss: random.unit() * 0.3, duplicates: random.unit() * 0.2, jitter: random.below(200) });
        break;
      case 7:
        node.act(() => node.control.handleCommand({ kind: 'networkChange' }, world.now));
    }
  }

  heal(): void {
    Object.assign(this.world, { loss: 0, duplicates: 0, jitter: 0 });
    this.#cuts.clear();
    for (const [id, node] of this.nodes) if (!node.running) this.boot(id);
  }

  check(): void {
    for (const node of this.nodes.values()) {
      const up = new Map<number, number>();
      for (const event of node.events) {
        if (event.type === 'linkUp') {
          assert.not(up.has(event.peer), `${formatNodeId(node.id)} has two sessions with ${formatNodeId(event.peer)}`);
          up.set(event.peer, event.link);
        } else if (event.type === 'linkDown') {
          assert.is(up.get(event.peer), event.link);
          up.delete(event.peer);
        }
      }
      // What is installed is up, or was begun within the last seconds: nothing is left behind.
      const pending = [...node.entries.values()].filter(({ up: isUp }) => !isUp);
      assert.ok(pending.length <= 16, `${pending.length} pending`);
    }
  }
}

test(`faults of every kind, ${seeds} seeds`, () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const chaos = new Chaos(seed);
    const { world } = chaos;
    for (let i = 0; i < 40; i++) {
      world.run(world.random.below(1500));
      chaos.fault();
      chaos.check();
    }
    chaos.heal();
    world.run(20_000);
    chaos.check();
    for (const [id, node] of chaos.nodes) {
      assert.is(node.entries.size, 3, `seed ${seed}: ${id} has ${node.entries.size} links`);
      for (const other of IDS) if (other !== id) assert.ok(node.isUp(other), `seed ${seed}: ${id} - ${other}`);
      for (const { install } of node.entries.values()) {
        const there = chaos.nodes.get(formatNodeId(install.peer)) as TestNode;
        const twin = [...there.entries.values()].find((entry) => entry.install.peer === node.id);
        assert.is(twin?.install.ourNumber, install.peerNumber);
        assert.equal(twin?.install.rxKey, install.txKey);
      }
      // One that every zone and group knows.
      assert.is(node.control.routes().length, 4 * (id === '7.1.1.1' ? 1 : 3), `seed ${seed}: routes of ${id}`);
    }
  }
});

test.run();
