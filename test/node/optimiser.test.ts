/** The path optimiser between real nodes: a flow that lasts gets the better path that the tables do not have, and the tables' when it breaks. */
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import type { DatagramSocket, Node } from '../../ts/index.js';
import { onEachPath, peerOf, routed, run, TestNodes } from './nodes.js';

/**
 * 2.2.1.1 and 2.2.1.2 are one zone for 1.1.1.1, which links with each by a relay. The tables lead all packets for the zone over the first, whose way on to the second is long; the
 * quick way to the second is over 1.1.1.3.
 *
 *   1.1.1.1 ── 1.1.1.2 ── 2.2.1.1 ══ 80 ms ══ 2.2.1.2
 *       └───── 1.1.1.3 ═══ 25 ms ════════════════┘
 */
async function zones(nodes: TestNodes, optimise?: boolean) {
  const options = optimise === undefined ? {} : { optimise };
  const far = await nodes.start('2.2.1.2');
  const near = await nodes.start('2.2.1.1', [far], { emulate: [`${far.id} delay=80ms`] });
  const first = await nodes.start('1.1.1.2', [near]);
  const source = await nodes.start('1.1.1.1', [first], options);
  await Promise.all([routed(source, far.id), routed(far, source.id), routed(near, far.id), routed(near, source.id)]);
  // Last, and by far not as near to the zone as the other one: the tables have no reason to change.
  const second = await nodes.start('1.1.1.3', [], { peers: [peerOf(far)], emulate: [`${far.id} delay=25ms`] });
  await routed(second, far.id);
  source.addPeer(peerOf(second));
  await routed(source, second.id);
  return { source, first, second, near, far };
}

/** Datagrams to a node, one every few milliseconds, all numbered. */
class Flow implements Disposable {
  readonly received = new Set<number>();
  readonly sender: DatagramSocket;
  readonly #receiver: DatagramSocket;
  readonly #to: string;
  readonly #timer: NodeJS.Timeout;
  sent = 0;

  private constructor(sender: DatagramSocket, receiver: DatagramSocket, to: string) {
    this.sender = sender;
    this.#receiver = receiver;
    this.#to = to;
    receiver.on('message', (payload) => {
      this.received.add(new DataView(payload.buffer, payload.byteOffset).getUint32(0));
      receiver.emit('drain');
    });
    this.#timer = setInterval(() => this.#send(), 5);
  }

  static async start(from: Node, to: Node): Promise<Flow> {
    return new Flow(await from.bind(), await to.bind(6000), to.id);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.sender.close();
    this.#receiver.close();
  }

  #send(): void {
    const payload = new Uint8Array(100);
    new DataView(payload.buffer).setUint32(0, this.sent++);
    this.sender.send(payload, this.#to, 6000);
  }

  /** Resolves when `holds`, looked at whenever a datagram comes. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(60_000);
    while (!holds()) {
      await once(this.#receiver, 'message', { signal }).catch(() => {
        throw new Error(`it never came to this: ${what}`);
      });
    }
  }
}

onEachPath('optimiser', (test, path) => {
  test('a flow that lasts is pinned to the better path, and falls back to the tables when that breaks', async () => {
    const nodes = new TestNodes(path);
    try {
      const { source, first, second, near, far } = await zones(nodes);
      assert.is(source.way(far.id).by, 'tables');
      assert.is(source.way(far.id).nextHop, first.id);
      using flow = await Flow.start(source, far);
      await flow.until('a pin', () => source.pins().length > 0);
      const [pin] = source.pins();
      assert.equal([pin?.owner, pin?.number, pin?.route?.path], ['optimiser', null, [source.id, second.id, far.id]]);
      assert.match(source.way(far.id).why, /^pinned by the optimiser: [\d.]+ ms instead of [\d.]+ ms by the tables$/);
      const { hops } = await source.trace(far.id);
      assert.equal(
        hops.map(({ id, labelled }) => [id, labelled ?? false]),
        [
          [second.id, true],
          [far.id, false],
        ],
      );
      assert.equal((await source.trace(near.id)).hops[0]?.id, first.id, 'other destinations as ever');

      const order = source.pinRoute(far.id, { hops: 3 });
      assert.equal(
        source.pins().map(({ owner }) => owner),
        ['user'],
        'whoever asks for a pin has precedence',
      );
      order.close();
      await flow.until('the optimiser is back', () => source.way(far.id).by === 'optimiser');

      await second.close();
      await flow.until('the tables', () => source.way(far.id).by === 'tables');
      const { sent } = flow;
      await flow.until('datagrams by the tables', () => flow.received.has(sent + 10));
      const lost = sent - [...flow.received].filter((number) => number < sent).length;
      assert.ok(lost <= 200, `${lost} of ${sent} datagrams were lost`);
    } finally {
      await nodes.close();
    }
  });

  test('nobody looks for better paths where that is not wanted', async () => {
    const nodes = new TestNodes(path);
    try {
      const { source, far } = await zones(nodes, false);
      using flow = await Flow.start(source, far);
      await flow.until('a flow that lasted', () => flow.received.size > 500);
      assert.equal(source.pins(), []);
    } finally {
      await nodes.close();
    }
  });

  test('round a node that has no route packets go by a detour', async () => {
    const nodes = new TestNodes(path);
    try {
      const { source, second, near, far } = await zones(nodes, false);
      using flow = await Flow.start(source, far);
      await flow.until('the tables', () => flow.received.size > 0);
      near.removePeer(far.id); // the zone is split: the tables lead into the wrong half
      await flow.until('a detour', () => source.way(far.id).by === 'detour');
      assert.equal(source.way(far.id).path, [source.id, second.id, far.id]);
      const { sent } = flow;
      await flow.until('datagrams by the detour', () => flow.received.has(sent));
    } finally {
      await nodes.close();
    }
  });
});

run();
