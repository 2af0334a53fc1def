import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readLoadSink, readLoadSource } from '../../ts/memory/load-stats.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { assertConserved, C, line } from './line.js';
import { PACKET_PATHS, type WorkerNode } from './worker-node.js';

const SINK = 7000;

const sinkAt = async (node: WorkerNode) => {
  new PortTableWriter(node.region).set(SINK, PortHandler.LoadSink);
  assert.is((await node.ask({ type: 'loadSink', port: SINK })).type, 'done');
};

/** Resolves when `holds` does; polled, for statistics in shared memory have no event. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

for (const path of PACKET_PATHS) {
  test(`${path}: a paced load crosses the relay, and the sink measures it`, async () => {
    const { a, b, c, stop } = await line(path);
    await sinkAt(c);
    await a.ask({ type: 'loadSource', destination: C, port: SINK, size: 200, rate: 2000, flows: 3, seconds: 0.5 });
    await until(() => !readLoadSource(a.load).running);
    const { sent, seconds } = readLoadSource(a.load);
    assert.ok(sent > 0 && sent <= 1000, `${sent} packets in ${seconds} s at 2000 a second`);
    await until(() => readLoadSink(c.load).received === sent);
    const measured = readLoadSink(c.load);
    assert.is(measured.receivedBytes, sent * 200);
    assert.equal([measured.lost, measured.duplicates, measured.reordered], [0, 0, 0]);
    assert.ok(
      measured.delayMicros && measured.delayMicros.p50 > 0 && measured.delayMicros.p50 <= measured.delayMicros.max,
    );
    await stop();
    assert.is(b.counters().forwarded, sent);
    for (const node of [a, b, c]) assertConserved(node);
  });

  test(`${path}: what the relay could not pass on is seen as lost`, async () => {
    const { a, b, c, stop } = await line(path);
    await sinkAt(c);
    const load = {
      type: 'loadSource',
      destination: C,
      port: SINK,
      size: 16,
      rate: 1000,
      flows: 1,
      seconds: 0,
    } as const;
    await a.ask(load);
    await until(() => readLoadSink(c.load).received > 20);
    b.route(C, 0);
    const { received } = readLoadSink(c.load);
    await until(() => b.counters().noRoute > 20);
    b.route(C, 2); // as before: its second link
    await until(() => readLoadSink(c.load).received > received + 20 && readLoadSink(c.load).lost >= 20);
    await a.ask({ type: 'loadSourceStop' });
    assert.ok(readLoadSink(c.load).longestGapMs > 0);
    await stop();
    for (const node of [a, b, c]) assertConserved(node);
  });

  test(`${path}: echo loads measure round trips without the main thread`, async () => {
    const { a, c, stop } = await line(path);
    await sinkAt(a);
    await a.ask({
      type: 'loadSource',
      destination: C,
      port: 1,
      size: 64,
      rate: 1000,
      flows: 1,
      seconds: 0.2,
      echoPort: SINK,
    });
    await until(() => !readLoadSource(a.load).running);
    const { sent } = readLoadSource(a.load);
    await until(() => readLoadSink(a.load).received === sent);
    await stop();
    assert.is(c.counters().echoed, sent);
  });

  test(`${path}: a relay that crashes under load loses a batch, counts it, and goes on`, async () => {
    const { a, b, c, stop } = await line(path);
    await sinkAt(c);
    await a.ask({ type: 'loadSource', destination: C, port: SINK, size: 100, rate: 5000, flows: 1, seconds: 0 });
    for (let crashes = 0; crashes < 3; crashes++) {
      const { received } = readLoadSink(c.load);
      await until(() => readLoadSink(c.load).received > received + 100);
      b.command({ type: 'crash' });
      await b.ended();
      await b.start();
    }
    const { received } = readLoadSink(c.load);
    await until(() => readLoadSink(c.load).received > received + 100);
    await a.ask({ type: 'loadSourceStop' });
    await stop();
    assertConserved(b);
  });
}

test.run();
