/** Queues allocate nothing a packet: a million come to those of a paced link, which takes fewer, while V8 counts. */
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { readCounters } from '../../ts/memory/counters.js';
import { createWires } from '../../ts/memory/emulated-wires.js';
import { readLoadSource } from '../../ts/memory/load-stats.js';
import { PortHandler, PortTableWriter } from '../../ts/memory/port-table.js';
import { Agent } from '../../workers/forwarder/agent.js';
import { join, PACKET_PATHS, WorkerNode } from './worker-node.js';

const PACKETS = 1_000_000;
const SINK = 7000;
/** The least that V8 allocates is 16 bytes: once a packet would be four times as much. The rest are a few numbers a batch. */
const ALLOWED_BYTES = 4_000_000;
/** Bits a second that the link takes, at frames of 64 bytes: far less than two agents in one thread can push. */
const RATE_KBIT = 10_000;

if (PACKET_PATHS.includes('native'))
  test('a million packets wait in the queues of a link, and of an emulated wire, without allocation', () => {
    const nodes = [1, 2].map((index) => new WorkerNode(0x01010100 + index, 'native'));
    const [source, sink] = nodes as [WorkerNode, WorkerNode];
    const model = { delay: 1, jitter: 0, loss: 0, reorder: 0, rate: 100_000, queue: 50, mtu: 0 };
    const emulation = { rules: [{ target: { kind: 'all' }, model }], wires: createWires(1, 16), seed: 1 } as const;
    const agents = [
      new Agent(source.startData({ emulation }), () => undefined),
      new Agent(sink.startData(), () => undefined),
    ];
    const [toSink] = join(source, sink, { rate: RATE_KBIT, wire: 1, worker: 0 });
    source.route(sink.id, toSink);
    new PortTableWriter(sink.region).set(SINK, PortHandler.LoadSink);
    source.command({ type: 'loadSource', destination: sink.id, port: SINK, size: 16, rate: 0, flows: 8, seconds: 0 });

    const turn = (packets: number) => {
      while (readLoadSource(source.load).sent < packets)
        for (let i = 0; i < 1000; i++) for (const agent of agents) agent.step(0);
    };
    turn(PACKETS / 5); // until everything is compiled
    const profiler = new GCProfiler();
    profiler.start();
    const before = getHeapStatistics().used_heap_size;
    turn(PACKETS / 5 + PACKETS);
    const after = getHeapStatistics().used_heap_size;
    const freed = (profiler.stop()?.statistics ?? []).reduce(
      (sum, gc) => sum + gc.beforeGC.heapStatistics.usedHeapSize - gc.afterGC.heapStatistics.usedHeapSize,
      0,
    );
    const allocated = after - before + freed;
    const { codelDropped, egressFull } = readCounters(source.region);
    assert.ok(
      codelDropped + egressFull > PACKETS / 10,
      `${codelDropped} and ${egressFull} dropped: nothing had to wait`,
    );
    assert.ok(allocated < ALLOWED_BYTES, `${allocated} bytes were allocated, ${freed} of them collected`);
    for (const agent of agents) agent.close();
  });
else
  test('without the native path, the reason is known', () => {
    assert.ok(loadAddon().reason);
  });

test.run();
