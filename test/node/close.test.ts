/** The end of a node: everything is freed, the process ends by itself, neighbours know at once. */
import * as assert from 'uvu/assert';
import { createNode, type PortolanError } from '../../ts/index.js';
import { startChild } from './child-process.js';
import { line, next, onEachPath, routed, run, TestNodes } from './nodes.js';

onEachPath('close', (test, path) => {
  test('a closed node refuses, closes its sockets, and can be closed twice', async () => {
    const { a, close } = await line(path);
    const socket = await a.bind();
    const socketClosed = next(socket, 'close');
    await Promise.all([a.close(), a.close()]);
    await socketClosed;
    for (const call of [() => a.ping('1.1.1.2'), () => a.trace('1.1.1.2'), () => a.bind()])
      await call().then(
        () => assert.unreachable(),
        (error: PortolanError) => assert.is(error.code, 'CLOSED'),
      );
    await close();
  });

  test('a ping that waits when the node closes ends as silence', async () => {
    const { a, close } = await line(path);
    const waiting = a.ping('1.1.1.77', { count: 1, timeout: 60_000 });
    const traced = a.trace('1.1.1.2', { timeout: 60_000 });
    await close();
    assert.is((await waiting).received, 0);
    await traced;
  });

  test('what a socket has sent before the node closes still arrives', async () => {
    const { a, c, close } = await line(path);
    const receiver = await c.bind(6000);
    const sender = await a.bind();
    const seen = new Set<number>();
    const all = new Promise<void>((resolve) =>
      receiver.on('message', (payload) => {
        seen.add(payload[0] ?? -1);
        if (seen.size === 100) resolve();
      }),
    );
    for (let i = 0; i < 100; i++) sender.send(Uint8Array.of(i), '1.1.1.3', 6000);
    await a.close();
    await all;
    await close();
  });

  test('an aborted signal closes the node; one that is aborted already keeps it from starting', async () => {
    const controller = new AbortController();
    const nodes = new TestNodes(path);
    const node = await nodes.start('1.1.1.1', [], { signal: controller.signal });
    const closed = next(node, 'close');
    controller.abort();
    await closed;
    await nodes.start('1.1.1.1', [], { signal: controller.signal }).then(
      () => assert.unreachable(),
      (error: Error) => assert.is(error.name, 'AbortError'),
    );
  });

  test('await using', async () => {
    let closed: Promise<unknown>;
    {
      await using node = await createNode({ id: '1.1.1.1', listen: ['udp://127.0.0.1:0'], packetPath: path });
      closed = next(node, 'close');
    }
    await closed;
  });

  test('after close nothing keeps the process alive', async () => {
    const nodes = new TestNodes(path);
    const a = await nodes.start('1.1.1.1');
    const child = await startChild({
      id: '1.1.1.2',
      listen: ['udp://127.0.0.1:0'],
      packetPath: path,
      admin: '127.0.0.1:0',
      peers: [`1.1.1.1@${a.addresses[0]}`],
    });
    await routed(a, '1.1.1.2');
    assert.is(await child.close(), 0);
    await nodes.close();
  });

  test('links come and go a hundred times without running out of anything', async () => {
    const nodes = new TestNodes(path);
    const a = await nodes.start('1.1.1.1', [], { maxLinks: 20 });
    const b = await nodes.start('1.1.1.2');
    for (let i = 0; i < 100; i++) {
      const up = Promise.all([next(a, 'linkUp'), next(b, 'linkUp')]);
      b.addPeer(`1.1.1.1@${a.addresses[0]}`);
      await up;
      const down = next(a, 'linkDown');
      b.removePeer('1.1.1.1');
      await down;
    }
    await nodes.close();
  });
});

run();
