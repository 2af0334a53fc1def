/** Which of the sockets that share a port gets a frame: the one that its link number says, whoever has sent it. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { linkNumber, OFFSET_LINK_NUMBER } from '../../ts/wire/link-header.js';

const { addon, reason: missing } = loadAddon();
const MEMBERS = 3;

/** A frame as far as the kernel reads it. */
function frame(index: number, generation: number, length = 48): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(linkNumber(index, generation), OFFSET_LINK_NUMBER);
  return bytes;
}

if (addon === undefined)
  test(`there is no native packet path here, and a reason is given: ${missing}`, () => assert.not.equal(missing, ''));

if (addon)
  for (const host of ['127.0.0.1', '::1'])
    test(`a frame goes to the worker of its link (${host})`, async () => {
      const buffers = { receiveBuffer: 1 << 20, sendBuffer: 1 << 20 };
      const options = { host, reusePort: true, gso: true, gro: true, ...buffers };
      const { fd, port } = addon.openUdpSocket({ ...options, port: 0 });
      const fds = [fd, ...[1, 2].map(() => addon.openUdpSocket({ ...options, port, joins: true }).fd)];
      assert.equal(addon.steerByLink(fd, MEMBERS), { on: true, reason: '' });

      const got: string[] = [];
      const sockets: Socket[] = [];
      const family = host === '::1' ? 'udp6' : 'udp4';
      for (const [member, shared] of fds.entries()) {
        const socket = createSocket(family);
        socket.bind({ fd: shared }); // it listens at once
        socket.on('message', (bytes) => got.push(`${bytes.length} to ${member}`));
        sockets.push(socket);
      }
      const expected: string[] = [];
      const senders: Socket[] = [];
      try {
        // Each from a port of its own: the kernel's hash would scatter them. The length tells which frame it was.
        for (let index = 0; index < 40; index++) {
          const sender = createSocket(family);
          senders.push(sender);
          sender.send(frame(index, index * 31, 48 + index), port, host);
          expected.push(`${48 + index} to ${index % MEMBERS}`);
          await once(sender, 'listening');
        }
        const last = senders[0] as Socket;
        last.send(Buffer.alloc(3), port, host); // too short to have a number
        expected.push('3 to 0');
        while (got.length < expected.length) await Promise.race(sockets.map((socket) => once(socket, 'message')));
        assert.equal(got.sort(), expected.sort());
      } finally {
        for (const socket of [...sockets, ...senders]) socket.close();
      }
    });

if (addon)
  test('whoever does not join gets no port that others share, not even by chance', () => {
    const options = { host: '127.0.0.1', reusePort: true, receiveBuffer: 0, sendBuffer: 0, gso: true, gro: true };
    const opened = Array.from({ length: 600 }, () => addon.openUdpSocket({ ...options, port: 0 }));
    assert.is(new Set(opened.map(({ port }) => port)).size, opened.length);
    assert.throws(() => addon.openUdpSocket({ ...options, port: opened[0]?.port ?? 0 }), /EADDRINUSE|in use/);
    for (const { fd } of opened) addon.closeSocket(fd);
  });

if (addon)
  test('one socket needs no steering, and what is no socket is refused with a reason', () => {
    assert.not(addon.steerByLink(0, 1).on);
    const event = addon.createEvent();
    const { on, reason } = addon.steerByLink(event, 2);
    assert.not(on);
    assert.match(reason, /SO_ATTACH_REUSEPORT_CBPF/);
    addon.closeSocket(event);
  });

test.run();
