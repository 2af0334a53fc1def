/** What leaves the overlay for a program on this machine waits until the program's receive buffer has room. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addon, Rig, reason } from './rig.js';

const DATAGRAMS = 400;
const A_BATCH = 100;
const SIZE = 1_136;
/** Nothing is given up because this thread was not running. */
const PATIENT = { holdMs: Infinity };

/** A program that reads when the event loop lets it: not while this thread sends. Its buffer holds about 90 datagrams. */
const openProgram = async (host: string): Promise<Socket> => {
  const program = createSocket({ type: host === '::1' ? 'udp6' : 'udp4', recvBufferSize: 106_496 });
  program.bind(0, host);
  await once(program, 'listening');
  return program;
};

if (addon === undefined) {
  test(`there is no native packet path here, and a reason is given: ${reason}`, () => assert.not.equal(reason, ''));
} else {
  const native = addon;
  const numbered = (number: number) => {
    const bytes = new Uint8Array(SIZE).fill(number & 255);
    new DataView(bytes.buffer).setUint32(0, number);
    return bytes;
  };
  /** Returns how many left at once. */
  const sendBurst = (rig: Rig, host: string, port: number): number => {
    let sent = 0;
    rig.openLocal(host);
    for (let from = 0; from < DATAGRAMS; from += A_BATCH) {
      rig.path.receive(0);
      sent += rig.sendRaw(
        Array.from({ length: A_BATCH }, (_, i) => numbered(from + i)),
        port,
        { socket: Rig.LOCAL, host },
      );
    }
    return sent;
  };

  /** A burst to a program that reads now and then; what it has heard. */
  const sendAndRead = async (rig: Rig, host: string): Promise<number[]> => {
    const program = await openProgram(host);
    const heard: number[] = [];
    const lost = rig.counters().egressFull;
    program.on('message', (bytes: Buffer) => {
      assert.is(bytes.byteLength, SIZE);
      assert.ok(bytes.subarray(4).every((byte) => byte === (bytes.readUInt32BE(0) & 255)));
      heard.push(bytes.readUInt32BE(0));
    });
    try {
      assert.ok(sendBurst(rig, host, program.address().port) < DATAGRAMS, 'some are held');
      while (heard.length < DATAGRAMS && rig.counters().egressFull === lost) {
        await nextTurn(); // the program reads
        rig.path.receive(1); // ends early when it is time to try again
        rig.path.send();
      }
    } finally {
      program.close();
    }
    return heard;
  };

  for (const host of ['127.0.0.1', '::1'])
    for (const gso of [true, false])
      test(`a burst that overruns the receiver's buffer arrives whole and in order: ${host}, GSO ${gso}`, async () => {
        using rig = new Rig(native, { host, gso, path: PATIENT });
        const heard = await sendAndRead(rig, host);
        assert.is(heard.length, DATAGRAMS);
        assert.ok(heard.every((number, i) => number === i));
        assert.is(rig.counters().egressFull, 0);
      });

  test('what a program does not read for long is dropped and counted', async () => {
    using rig = new Rig(native, { path: { holdMs: 1 } });
    const program = await openProgram('127.0.0.1');
    try {
      sendBurst(rig, '127.0.0.1', program.address().port);
      while (rig.counters().egressFull <= DATAGRAMS / 2) {
        rig.path.receive(40);
        rig.path.send();
      }
      rig.path.receive(0); // publishes the counters
      const { egressFull } = rig.counters();
      assert.ok(egressFull > DATAGRAMS / 2 && egressFull < DATAGRAMS, `${egressFull} of ${DATAGRAMS}`);
    } finally {
      program.close();
    }
  });

  test('nobody listens: datagrams go out at once, as on any network', async () => {
    using rig = new Rig(native);
    const program = await openProgram('127.0.0.1');
    const { port } = program.address();
    program.close();
    await once(program, 'close');
    assert.is(sendBurst(rig, '127.0.0.1', port), DATAGRAMS);
  });

  test('a socket that is closed gives back what is held for it', async () => {
    using rig = new Rig(native, { path: PATIENT });
    const program = await openProgram('127.0.0.1');
    try {
      sendBurst(rig, '127.0.0.1', program.address().port);
      rig.path.removeSocket(Rig.LOCAL);
      rig.path.receive(0);
      const { egressFull } = rig.counters();
      assert.ok(egressFull > DATAGRAMS / 2 && egressFull < DATAGRAMS, `${egressFull} of ${DATAGRAMS}`);
      for (let round = 0; round < 40; round++) {
        sendBurst(rig, '127.0.0.1', program.address().port);
        rig.path.removeSocket(Rig.LOCAL);
      }
    } finally {
      program.close();
    }
    // Half a megabyte was held each time: if its blocks were lost, there would be no room for more.
    assert.is((await sendAndRead(rig, '127.0.0.1')).length, DATAGRAMS);
  });
}

test.run();
