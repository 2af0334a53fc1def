/** Links of several sessions between real nodes: flows spread over them in order, and go on when one of them is cut. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { DatagramSocket, Node } from '../../ts/index.js';
import { conserved } from './conservation.js';
import { line, onEachPath, routed, run, TestNodes } from './nodes.js';

const SESSIONS = 4;
const FLOWS = 48;
const PORT = 6000;
const PATIENCE_MS = 30_000;

/** Members come and go without an event of the node: looked at until it is so. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`it never came to this: ${what}`);
    await delay(10);
  }
}

const members = (node: Node, peer: string) => node.links().find((link) => link.peer === peer)?.members ?? [];
const up = (node: Node, peer: string) => members(node, peer).filter(({ state }) => state === 'up').length;
/** Without a session. One that is established may carry nothing for a while too, until it is known to take the same sizes as the first. */
const gone = (node: Node, peer: string) =>
  members(node, peer).filter(({ state }) => state === 'dialing' || state === 'down').length;

function whole(node: Node, peer: string): Promise<void> {
  return until(`${SESSIONS} sessions of ${node.id} with ${peer}`, () => up(node, peer) === SESSIONS - 1);
}

/** Many flows from one node to another, numbered: what arrived of each, in the order of its arrival. */
class Flows {
  readonly arrived = new Map<number, number[]>();
  readonly #sources: DatagramSocket[] = [];
  readonly #to: string;
  #sent = 0;

  constructor(to: string) {
    this.#to = to;
  }

  static async open(from: Node, to: Node): Promise<Flows> {
    const flows = new Flows(to.id);
    const sink = await to.bind(PORT);
    sink.on('message', (payload, source) => {
      const numbers = flows.arrived.get(source.port) ?? [];
      numbers.push(new DataView(payload.buffer, payload.byteOffset).getUint32(0));
      flows.arrived.set(source.port, numbers);
    });
    for (let flow = 0; flow < FLOWS; flow++) flows.#sources.push(await from.bind());
    return flows;
  }

  /** One packet of each flow. */
  send(): void {
    const payload = new Uint8Array(100);
    new DataView(payload.buffer).setUint32(0, this.#sent++);
    for (const source of this.#sources) source.send(payload, this.#to, PORT);
  }

  get received(): number {
    let sum = 0;
    for (const numbers of this.arrived.values()) sum += numbers.length;
    return sum;
  }

  assertInOrder(): void {
    for (const [port, numbers] of this.arrived)
      assert.equal(
        numbers,
        [...numbers].sort((a, b) => a - b),
        `the flow from port ${port} is in order`,
      );
  }
}

/** A way between two nodes that keeps their sessions apart, each behind a port of its own, and can cut one. */
class Way {
  readonly #front = createSocket('udp4');
  readonly #backs = new Map<number, Socket>();
  readonly #cut = new Set<number>();
  readonly #to: number;

  private constructor(to: number) {
    this.#to = to;
    this.#front.on('message', (frame, { port }) => {
      if (!this.#cut.has(port)) this.#back(port).send(frame, this.#to, '127.0.0.1');
    });
  }

  static async to(node: Node): Promise<Way> {
    const way = new Way(Number(new URL(node.addresses[0] ?? '').port));
    way.#front.bind(0, '127.0.0.1');
    await once(way.#front, 'listening');
    return way;
  }

  get port(): number {
    return this.#front.address().port;
  }

  /** The ports that were dialed from; the node's own is not the first session's alone. */
  get sessions(): number[] {
    return [...this.#backs.keys()];
  }

  cut(port: number): void {
    this.#cut.add(port);
  }

  mend(): void {
    this.#cut.clear();
  }

  #back(port: number): Socket {
    let back = this.#backs.get(port);
    if (!back) {
      back = createSocket('udp4');
      back.on('message', (frame) => {
        if (!this.#cut.has(port)) this.#front.send(frame, port, '127.0.0.1');
      });
      this.#backs.set(port, back);
    }
    return back;
  }

  close(): void {
    this.#front.close();
    for (const back of this.#backs.values()) back.close();
  }
}

onEachPath('bundles', (test, path) => {
  const workers = path === 'native' ? 2 : 1;

  test('flows across a relay spread over all sessions, and each keeps its order', async () => {
    const net = await line(path, { linksPerPeer: SESSIONS, workers });
    const { a, b, c } = net;
    try {
      await Promise.all([whole(a, b.id), whole(c, b.id), whole(b, a.id), whole(b, c.id)]);
      assert.is(a.links().length, 1, 'one link');
      assert.is(a.addresses.length, 1, 'one listening address');
      const before = b.links().map(({ rxFrames, txFrames }) => rxFrames + txFrames);
      const flows = await Flows.open(a, c);
      for (let round = 0; round < 20; round++) {
        flows.send();
        await until('all packets at the sink', () => flows.received === (round + 1) * FLOWS);
      }
      flows.assertInOrder();
      // Of 48 flows each session has some: hellos alone would be far fewer frames.
      for (const member of members(a, b.id)) assert.ok(member.txFrames > 60, `${member.txFrames} frames sent`);
      for (const member of members(b, c.id)) assert.ok(member.txFrames > 60, `${member.txFrames} frames forwarded`);
      for (const [index, { rxFrames, txFrames }] of b.links().entries())
        assert.ok(rxFrames + txFrames - (before[index] ?? 0) >= 20 * FLOWS, 'a line of links counts all its sessions');
      if (path === 'native') await conserved([a, b, c]);
    } finally {
      await net.close();
    }
  });

  test('a session whose way is cut is left out, its flows go on by the others, and it returns', async () => {
    const nodes = new TestNodes(path);
    const b = await nodes.start('1.1.1.2', [], { workers });
    const way = await Way.to(b);
    const peers = [`1.1.1.2@udp://127.0.0.1:${way.port}`];
    const a = await nodes.start('1.1.1.1', [], { peers, linksPerPeer: SESSIONS, workers });
    try {
      await Promise.all([routed(a, b.id), whole(a, b.id), whole(b, a.id)]);
      const flows = await Flows.open(a, b);
      flows.send();
      await until('the first packets', () => flows.received === FLOWS);

      const cut = way.sessions.find((port) => port !== Number(new URL(a.addresses[0] ?? '').port)) as number;
      way.cut(cut);
      await until('one session less', () => gone(a, b.id) === 1 && gone(b, a.id) === 1);
      assert.is(a.links()[0]?.state, 'up');
      const before = flows.received;
      for (let round = 1; round <= 10; round++) {
        flows.send();
        await until('nothing is lost from here on', () => flows.received === before + round * FLOWS);
      }
      flows.assertInOrder();

      way.mend();
      await Promise.all([whole(a, b.id), whole(b, a.id)]);
    } finally {
      await nodes.close();
      way.close();
    }
  });
});

run();
