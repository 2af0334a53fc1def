/**
 * The portable port on a socket that takes no more: in a namespace with a pair of virtual Ethernet devices, where frames to a neighbour whose
 * hardware address is not known yet wait in the kernel, on the socket's account. The native twin of this is test/native/full-device.test.ts.
 */
import { writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { appendPacket, appendRun } from '../../ts/data/runs.js';
import { monotonicNow } from '../../ts/edge/clock.js';
import { PORTABLE_SLAB_BYTES, PortableUdpPort } from '../../ts/edge/portable/udp-port.js';
import { BATCH_BYTES, openBatch, RUN_ARGUMENT, RUN_VERDICT, RunKind, runAt, Verdict } from '../../ts/memory/batch.js';
import { CounterBlock, readCounters } from '../../ts/memory/counters.js';
import { LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { createRegion } from '../../ts/memory/region.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { ip, isInside, namespaceProblem, runInside } from '../native/namespace.js';

const FRAME_BYTES = 1200;
const BATCH_FRAMES = 60;
const UNREACHED = 1;
const LOCAL = 2;

/** A port with two sockets, and a link over each. */
function openPort() {
  const region = createRegion({ workers: 1, links: 16 });
  const batch = openBatch(new SharedArrayBuffer(BATCH_BYTES), new SharedArrayBuffer(PORTABLE_SLAB_BYTES));
  const counters = new CounterBlock(region, 0);
  const sockets = [
    { host: '10.9.9.1', port: 0 },
    { host: '127.0.0.1', port: 0 },
  ];
  const port = new PortableUdpPort({
    region,
    batch,
    counters,
    sockets,
    onWork: () => undefined,
    onWarning: (error) => {
      throw error;
    },
  });
  const links = new LinkTableWriter(region);
  const install = (link: number, socket: number, bytes: Uint8Array, udpPort: number) =>
    links.install(
      link,
      {
        peer: 0x01010102,
        ourNumber: 4096 + link,
        peerNumber: 8192 + link,
        portKind: PortKind.Udp,
        socket,
        mtu: FRAME_BYTES,
        address: { family: 4, port: udpPort, bytes, scope: 0 },
        rxKey: new Uint8Array(16),
        txKey: new Uint8Array(16),
        flags: 0,
      },
      monotonicNow(),
    );
  install(UNREACHED, 0, Uint8Array.of(10, 9, 9, 2), 7000);
  install(LOCAL, 1, Uint8Array.of(127, 0, 0, 1), port.boundPort(1));
  return {
    port,
    counted: () => readCounters(region),
    /** Appends frames that start here; they leave with the next `send`. */
    originate(link: number, type: FrameType, frames: number): void {
      for (let i = 0; i < frames; i++) {
        const frame = makeFrame({ type, destination: 1, source: 2 }, new Uint8Array(FRAME_BYTES - 48));
        const at = port.reserve(frame.length);
        batch.slabBytes.set(frame, at);
        const run = runAt(appendRun(batch, RunKind.Origin, 0, appendPacket(batch, at, frame.length), 1));
        batch.words[run + RUN_VERDICT] = Verdict.Forward;
        batch.words[run + RUN_ARGUMENT] = link;
      }
      port.send();
    },
  };
}

if (!isInside) {
  const problem = namespaceProblem();
  if (problem === undefined)
    test('in a namespace of its own', () => assert.match(runInside(fileURLToPath(import.meta.url)), /Total: +1/));
  else test(`full sockets are not tested here: ${problem}`, () => assert.not.equal(problem, ''));
} else {
  ip('link set lo up');
  ip('link add v0 type veth peer name v1');
  ip('address add 10.9.9.1/24 dev v0');
  ip('link set v0 up');
  ip('link set v1 up');
  writeFileSync('/proc/sys/net/ipv4/neigh/v0/unres_qlen_bytes', '800000000'); // more than the socket's buffer

  test('a full socket holds a bounded number of frames, control goes on longer than data, other sockets are not held up', async () => {
    const full = openPort();
    const { port, counted } = full;
    try {
      let offered = 0;
      let batches = 0;
      while (counted().egressFull === 0) {
        assert.ok(++batches < 500, 'the socket fills up');
        full.originate(UNREACHED, FrameType.Data, BATCH_FRAMES);
        offered += BATCH_FRAMES;
        await turn();
      }
      const { egressFull, sent } = counted();
      const waiting = offered - egressFull - sent;
      assert.ok(waiting > 0 && waiting * FRAME_BYTES <= 512 * 1024, `${waiting} frames wait`);

      full.originate(UNREACHED, FrameType.Control, 10);
      offered += 10;
      full.originate(LOCAL, FrameType.Data, 1);
      offered += 1;
      while (counted().sent === sent) await turn();
      assert.is(counted().egressFull, egressFull, 'neither control nor the other socket found its queue full');

      // The neighbour is found: what waited leaves.
      ip('neighbour replace 10.9.9.2 lladdr 02:00:00:00:00:02 dev v0');
      while (counted().sent + counted().egressFull + counted().sendFailed < offered) await turn();
      assert.is(counted().sent, offered - egressFull);
    } finally {
      port.close();
    }
  });
}

test.run();
