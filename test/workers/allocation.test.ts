/** Nothing is allocated a packet: ten million cross a source, a relay and a sink, real sockets between them, while V8 counts. */
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { readLoadSink } from '../../ts/memory/load-stats.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { Agent } from '../../workers/forwarder/agent.js';
import { join, PACKET_PATHS, WorkerNode } from './worker-node.js';

const PACKETS = 10_000_000;
const SINK = 7000;
/**
 * What may be allocated in all. The least that V8 allocates is 16 bytes: once a packet in only one of the three nodes would be ten times as much.
 * A few numbers a batch (times of the clock) are a fifteenth of it.
 */
const ALLOWED_BYTES = 16_000_000;

if (PACKET_PATHS.includes('native'))
  test('ten million packets cross the native loop without allocation', () => {
    const nodes = [1, 2, 3].map((index) => new WorkerNode(0x01010100 + index, 'native'));
    const [source, relay, sink] = nodes as [WorkerNode, WorkerNode, WorkerNode];
    const agents = nodes.map((node) => new Agent(node.startData(), () => undefined));
    const [toRelay] = join(source, relay);
    const [toSink] = join(relay, sink);
    source.route(sink.id, toRelay);
    relay.route(sink.id, toSink);
    new PortTableWriter(sink.region).set(SINK, PortHandler.LoadSink);
    const load = { destination: sink.id, port: SINK, size: 16, rate: 0, flows: 1, seconds: 0 };
    source.command({ type: 'loadSource', ...load });

    const turn = (packets: number) => {
      while (readReceived(sink) < packets) for (let i = 0; i < 1000; i++) for (const agent of agents) agent.step(0);
    };
    turn(PACKETS / 10); // until everything is compiled
    const profiler = new GCProfiler();
    profiler.start();
    const before = getHeapStatistics().used_heap_size;
    turn(PACKETS / 10 + PACKETS);
    const after = getHeapStatistics().used_heap_size;
    const freed = (profiler.stop()?.statistics ?? []).reduce(
      (sum, gc) => sum + gc.beforeGC.heapStatistics.usedHeapSize - gc.afterGC.heapStatistics.usedHeapSize,
      0,
    );
    const allocated = after - before + freed;
    assert.ok(allocated < ALLOWED_BYTES, `${allocated} bytes were allocated, ${freed} of them collected`);
    for (const agent of agents) agent.close();
  });
else
  test('without the native path, the reason is known', () => {
    assert.ok(loadAddon().reason);
  });

function readReceived(node: WorkerNode): number {
  return readLoadSink(node.load).received;
}

test.run();
