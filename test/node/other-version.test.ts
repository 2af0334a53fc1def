/** A peer that speaks a later version of the protocol, over a real socket: its frames are built by hand, for no node of ours writes them. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as assert from 'uvu/assert';
import type { Node } from '../../ts/index.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { HandshakeSchema, Reject_Reason as Reason } from '../../ts/wire/gen/portolan/v1/handshake_pb.js';
import { PROTOCOL_VERSION } from '../../ts/wire/handshake.js';
import { HandshakeFrames } from '../../ts/wire/handshake-frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { Protocol } from '../../ts/wire/network-header.js';
import { networkSecrets } from '../../ts/wire/session-keys.js';
import { tagKey, writeTag } from '../../ts/wire/tag.js';
import { answered, onEachPath, routed, run, TestNodes, when } from './nodes.js';

const KEY = '11'.repeat(32);
const SECRETS = networkSecrets(new Uint8Array(32).fill(0x11));
const LATER = PROTOCOL_VERSION + 1;
const PEER_ID = 0x01010109;
const PEER = '1.1.1.9';
const NODE_ID = 0x01010101;

type Body = NonNullable<MessageInitShape<typeof HandshakeSchema>['body']>;

/** A handshake frame of this network, whatever its message says. */
function handshake(body: Body): Uint8Array {
  const frame = makeFrame(
    {
      type: FrameType.Handshake,
      ttl: 1,
      label: SECRETS.fingerprint,
      protocol: Protocol.Link,
      source: PEER_ID,
      destination: NODE_ID,
    },
    toBinary(HandshakeSchema, create(HandshakeSchema, { body })),
  );
  writeTag(new DataView(frame.buffer), 0, frame.byteLength, tagKey(SECRETS.handshakeKey), 0);
  return frame;
}

const init = (nonce: number) =>
  handshake({
    case: 'init',
    value: {
      protocolVersion: LATER,
      id: PEER_ID,
      expectedId: NODE_ID,
      bootEpoch: 1n,
      nonce: new Uint8Array(16).fill(nonce),
      linkNumber: 4097,
      tags: true,
    },
  });

/** A socket that answers each Init of the node with what `answer` makes of its nonce. */
async function laterPeer(answer: (nonce: Uint8Array) => Uint8Array | undefined) {
  const frames = new HandshakeFrames(SECRETS);
  const socket = createSocket('udp4');
  socket.on('message', (frame: Buffer, from: RemoteInfo) => {
    const opened = frames.open(Uint8Array.from(frame));
    if (opened.kind !== 'authentic' || opened.message.kind !== 'init') return;
    const reply = answer(opened.message.nonce);
    if (reply) socket.send(reply, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const linkOf = (node: Node) => node.links().find(({ peer }) => peer === PEER);

onEachPath('other version', (test, path) => {
  test('a listener of a later version refuses us: links says so, and the node goes on with the others', async () => {
    const nodes = new TestNodes(path);
    const peer = await laterPeer((nonce) =>
      handshake({
        case: 'reject',
        value: { reason: Reason.PROTOCOL_VERSION, dialerNonce: nonce, protocolVersion: LATER, id: PEER_ID },
      }),
    );
    try {
      const friend = await nodes.start('1.1.1.2', [], { networkKey: KEY });
      const node = await nodes.start('1.1.1.1', [friend], {
        networkKey: KEY,
        peers: [`1.1.1.2@${friend.addresses[0]}`, `${PEER}@udp://127.0.0.1:${peer.address().port}`],
      });
      await when(node, 'otherVersion', () => linkOf(node)?.problem === 'otherVersion');
      assert.match(linkOf(node)?.detail ?? '', new RegExp(`version ${LATER}`));
      await routed(node, friend.id);
      await answered(node, friend.id);
      assert.equal(node.routes(PEER), []);
    } finally {
      peer.close();
      await nodes.close();
    }
  });

  test('a dialer of a later version gets the reason, makes no session, and shows in links', async () => {
    const nodes = new TestNodes(path);
    const peer = await laterPeer(() => undefined);
    try {
      const node = await nodes.start('1.1.1.1', [], {
        networkKey: KEY,
        peers: [`${PEER}@udp://127.0.0.1:${peer.address().port}`],
      });
      const port = Number(node.addresses[0]?.split(':').at(-1));
      const rejected = new Promise<{ reason: string; version: number }>((resolve) => {
        const frames = new HandshakeFrames(SECRETS);
        peer.on('message', (frame: Buffer) => {
          const opened = frames.open(Uint8Array.from(frame));
          if (opened.kind === 'authentic' && opened.message.kind === 'reject') resolve(opened.message);
        });
      });
      // The node itself dials in vain, which it says too.
      const shown = new Promise<string>((resolve) => {
        node.on('linkProblem', ({ problem, detail }) => problem === 'otherVersion' && resolve(detail));
      });
      peer.send(init(7), port, '127.0.0.1');
      const { reason, version } = await rejected;
      assert.equal({ reason, version }, { reason: 'protocolVersion', version: PROTOCOL_VERSION });
      assert.is(await shown, `udp://127.0.0.1:${peer.address().port} speaks version ${LATER}`);
      assert.is(node.status().links, 0);
      assert.is((await node.ping('1.1.1.1', { count: 1 })).received, 1);
    } finally {
      peer.close();
      await nodes.close();
    }
  });
});

run();
