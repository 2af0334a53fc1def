/** Many leaves at one relay, over real sockets: all come at once, half of them vanish without a word, are forgotten, and come back. */
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { LeafSwarm } from '../../bench/lib/leaf-swarm.js';
import { SWARM_KEY } from '../../bench/lib/leaf-swarm-messages.js';
import { type NodeId, parseNodeId } from '../../ts/kit/node-id.js';
import { inHand } from '../../ts/memory/conservation.js';
import { lawHolds, toldBy } from './conservation.js';
import { onEachPath, run, TestNodes } from './nodes.js';

const RELAY = parseNodeId('1.1.1.1') as NodeId;
const IDS: readonly NodeId[] = Array.from({ length: 200 }, (_, i) => RELAY + 1 + i);
const HALF = IDS.slice(100);

/** Far longer than anything takes on a busy machine; longer than an idle leaf's silence. */
const PATIENCE_MS = 50_000;
const AGAIN_MS = 250;

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never came true: ${what}`);
    await delay(5);
  }
}

/** Each of `from` has an answer of the leaf behind it. */
async function answered(swarm: LeafSwarm, from: readonly NodeId[]): Promise<void> {
  for (const [i, id] of from.entries()) {
    const { sums } = swarm.traffic;
    const before = sums.answered;
    for (let sentAt = -Infinity; sums.answered === before; await delay(1)) {
      if (performance.now() < sentAt + AGAIN_MS) continue;
      sentAt = performance.now();
      swarm.ping([[id, from[(i + 1) % from.length] as NodeId]]);
    }
  }
}

onEachPath<{ nodes: TestNodes; swarm: LeafSwarm }>('a swarm of leaves', (test, path) => {
  test.before((context) => {
    context.nodes = new TestNodes(path);
    context.swarm = new LeafSwarm();
  });
  test.after(async ({ nodes, swarm }) => {
    await nodes.close();
    swarm.close();
  });

  test('200 leaves join at once, talk, vanish by half, are forgotten and return; no frame is lost without a counter', async (context) => {
    const { nodes, swarm } = context;
    const relay = await nodes.start('1.1.1.1', [], { maxLeaves: 256, networkKey: SWARM_KEY });
    const port = Number(new URL(relay.addresses[0] as string).port);
    const join = (ids: readonly NodeId[]) => swarm.join({ relay: RELAY, port, ids, withinMs: 0 });
    const bothKnow = (leaves: number) => relay.status().leaves === leaves && swarm.counts().up === leaves;

    await join(IDS);
    await until('all have joined', () => bothKnow(200));
    await answered(swarm, IDS);
    // (How much the kernel drops, only native nodes hear.)
    if (path === 'native') await lawHolds(() => [toldBy(relay.counters()), ...swarm.told()]);

    // They send, so that their hellos are frequent and their silence is short.
    const pairs = HALF.map((id, i): [NodeId, NodeId] => [id, HALF[i ^ 1] as NodeId]);
    const { sums } = swarm.traffic;
    const enough = sums.answered + 8 * HALF.length;
    const sending = setInterval(() => swarm.ping(pairs), AGAIN_MS);
    await until('half of them send', () => sums.answered >= enough);
    clearInterval(sending);
    swarm.vanish(HALF);
    await until('half of them are forgotten', () => relay.status().leaves === 100);
    assert.ok(
      relay.links().every(({ peer, state }) => (state === 'up') !== HALF.includes(parseNodeId(peer) as NodeId)),
      'those that have vanished are',
    );
    await answered(swarm, IDS.slice(0, 100));

    await join(HALF);
    await until('they are back', () => bothKnow(200));
    await answered(swarm, HALF);
    const told = () => [toldBy(relay.counters()), ...swarm.told()];
    await until('nothing is in hand', () => told().every((one) => inHand(one) === 0));
  });
});

run();
