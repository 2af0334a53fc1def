/** How people name a traffic class, and that sockets, forwards and probes carry it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseForward } from '../../ts/node/addresses.js';
import { DatagramSocket, type OutgoingPacket } from '../../ts/node/datagram-socket.js';
import { EchoClient } from '../../ts/node/echo.js';
import { PortolanError } from '../../ts/node/errors.js';
import { parseTrafficClass } from '../../ts/node/traffic-class.js';
import { type Headers, readHeaders } from '../../ts/wire/frame.js';

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof PortolanError) return error.message;
    throw error;
  }
  return 'nothing was refused';
};

test('a class may be written in two ways', () => {
  assert.equal(
    ['lowLatency', 'low-cost', 'reliable', 'high-bandwidth'].map((text) => parseTrafficClass(text, 'class')),
    ['lowLatency', 'lowCost', 'reliable', 'highBandwidth'],
  );
  assert.match(
    refusal(() => parseTrafficClass('fast', 'class')),
    /class: .*highBandwidth/,
  );
});

test('a forward has a class behind it, or low latency', () => {
  assert.is(parseForward('udp://127.0.0.1:5000=1.1.1.3:6000', 'forward').trafficClass, 0);
  const forward = parseForward('udp://127.0.0.1:5000=1.1.1.3:6000?class=reliable', 'forward');
  assert.equal([forward.trafficClass, forward.destinationPort], [2, 6000]);
  assert.match(
    refusal(() => parseForward('udp://127.0.0.1:5000=1.1.1.3:6000?class=', 'forward')),
    /reliable/,
  );
});

test('a socket sends in its class, and a datagram in its own', () => {
  const packets: OutgoingPacket[] = [];
  const sender = { send: (packet: OutgoingPacket) => (packets.push(packet), 'taken' as const) };
  const socket = new DatagramSocket(6000, sender, () => undefined, 'highBandwidth');
  socket.send(new Uint8Array(1), '1.1.1.3', 7);
  socket.send(new Uint8Array(1), '1.1.1.3', 7, { class: 'lowCost' });
  assert.equal(
    packets.map(({ trafficClass }) => trafficClass),
    [3, 1],
  );
});

test('a probe goes in the class that is asked for', async () => {
  const frames: Uint8Array[] = [];
  const echo = new EchoClient(
    0x01010101,
    (frame) => frames.push(frame),
    () => 0,
    1,
  );
  const fate = echo.probe(0x01010103, { size: 0, timeout: 1000, class: 'reliable' });
  echo.close();
  assert.is((readHeaders(frames[0] as Uint8Array) as Headers).trafficClass, 2);
  assert.is((await fate).kind, 'silence');
});

test.run();
