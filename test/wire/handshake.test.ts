/** Handshake messages and frames: what is written is read, whatever is not is refused by name. */
import { create, toBinary } from '@bufbuild/protobuf';
import { bytesToHex } from '@noble/hashes/utils.js';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeIdProblem } from '../../ts/kit/node-id.js';
import { HandshakeSchema } from '../../ts/wire/gen/portolan/v1/handshake_pb.js';
import {
  decodeHandshake,
  encodeHandshake,
  type HandshakeMessage,
  type InitMessage,
  MAX_HANDSHAKE_BYTES,
  PROTOCOL_VERSION,
} from '../../ts/wire/handshake.js';
import { HandshakeFrames } from '../../ts/wire/handshake-frame.js';
import { networkSecrets, sessionKeys } from '../../ts/wire/session-keys.js';
import { readVectors, type Vector } from './vectors.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const id = fc.integer({ min: 1, max: 0xffff_ffff }).filter((value) => nodeIdProblem(value) === undefined);
const offer = {
  id,
  bootEpoch: fc.maxSafeNat(),
  nonce: bytes(16),
  linkNumber: fc.nat(0xffff_ffff).filter((number) => (number & 0xfff) !== 0),
  tags: fc.boolean(),
  role: fc.constantFrom('relay' as const, 'leaf' as const),
};
const claim = fc
  .record({ sessionId: bytes(8).map(bytesToHex), of: fc.integer({ min: 2, max: 8 }), member: fc.nat() })
  .map(({ sessionId, of, member }) => ({ sessionId, member: 1 + (member % (of - 1)), of }));
const purpose = fc.constantFrom(
  'configured' as const,
  'chosen' as const,
  'ring' as const,
  'join' as const,
  'flow' as const,
);
const messages: fc.Arbitrary<HandshakeMessage> = fc.oneof(
  fc.record({ kind: fc.constant('init' as const), ...offer, expectedId: fc.nat(0xffff_ffff), purpose }),
  fc.record({ kind: fc.constant('init' as const), ...offer, expectedId: fc.nat(0xffff_ffff), purpose, bundle: claim }),
  fc.record({ kind: fc.constant('probe' as const), id, nonce: bytes(16) }),
  fc.record({ kind: fc.constant('probeReply' as const), id, nonce: bytes(16) }),
  fc.record({ kind: fc.constant('accept' as const), ...offer, dialerNonce: bytes(16) }),
  fc.record({
    kind: fc.constant('reject' as const),
    reason: fc.constantFrom(
      'protocolVersion',
      'networkKey',
      'duplicateId',
      'wrongId',
      'full',
      'tags',
      'role',
      'bundle',
      'other',
    ),
    dialerNonce: bytes(16),
    version: fc.nat(0xffff_ffff),
    id: fc.nat(0xffff_ffff),
  }),
);

const NETWORK_KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const frames = new HandshakeFrames(networkSecrets(NETWORK_KEY));
const others = new HandshakeFrames(networkSecrets(new Uint8Array(32)));

test('what is written is read', () => {
  fc.assert(
    fc.property(messages, (message) => {
      assert.equal(decodeHandshake(encodeHandshake(message)), { ...message }); // fast-check's records have no prototype
      assert.ok(encodeHandshake(message).byteLength <= 100, 'no handshake amplifies another');
      assert.equal(frames.open(frames.seal(message, 1, 2)), { kind: 'authentic', message: { ...message } });
    }),
  );
});

test('a Join that names no place of a bundle is malformed', () => {
  const init = {
    protocolVersion: PROTOCOL_VERSION,
    id: 0x01010101,
    nonce: new Uint8Array(16),
    linkNumber: 5,
    tags: true,
    role: 0,
  };
  const join = (changes: object) =>
    decodeHandshake(
      toBinary(
        HandshakeSchema,
        create(HandshakeSchema, {
          body: { case: 'join', value: { init, sessionId: new Uint8Array(8), member: 1, of: 2, ...changes } },
        }),
      ),
    );
  assert.is((join({}) as { kind: string }).kind, 'init');
  for (const wrong of [{ member: 0 }, { member: 2 }, { of: 9 }, { of: 1 }, { sessionId: new Uint8Array(7) }])
    assert.is(join(wrong), 'malformed', JSON.stringify(wrong));
  assert.is(join({ init: undefined }), 'malformed');
  const foreign = join({ init: { ...init, protocolVersion: PROTOCOL_VERSION + 1 } });
  assert.is((foreign as { kind: string }).kind, 'foreign');
});

test('any bytes are a message or malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (input) => {
      assert.type(decodeHandshake(input), decodeHandshake(input) === 'malformed' ? 'string' : 'object');
      assert.not.equal(frames.open(input).kind, 'authentic');
    }),
  );
  assert.is(decodeHandshake(new Uint8Array(MAX_HANDSHAKE_BYTES + 1)), 'malformed');
});

test('a frame that was altered anywhere is not authentic', () => {
  fc.assert(
    fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, change) => {
      const frame = frames.seal(message, 1, 2);
      const index = at % frame.byteLength;
      frame[index] = (frame[index] as number) ^ change;
      assert.not.equal(frames.open(frame).kind, 'authentic');
      assert.not.equal(frames.open(frame.subarray(0, index)).kind, 'authentic');
    }),
  );
});

test('a frame of another network is told from noise', () => {
  const message = { kind: 'reject', reason: 'networkKey', dialerNonce: new Uint8Array(16), version: 1, id: 5 } as const;
  assert.equal(frames.open(others.seal(message, 5, 6)), { kind: 'otherNetwork', message });
  const altered = frames.seal(message, 5, 6);
  altered[30] = 1;
  assert.equal(frames.open(altered), { kind: 'badTag' });
});

test('values out of range are malformed', () => {
  const init = { protocolVersion: PROTOCOL_VERSION, id: 0x01010101, nonce: new Uint8Array(16), linkNumber: 0x1001 };
  const decode = (changes: object) =>
    decodeHandshake(
      toBinary(HandshakeSchema, create(HandshakeSchema, { body: { case: 'init', value: { ...init, ...changes } } })),
    );
  assert.is((decode({}) as HandshakeMessage).kind, 'init');
  for (const wrong of [
    { id: 0 },
    { id: 0x01010100 },
    { nonce: new Uint8Array(15) },
    { linkNumber: 0x1000 },
    { bootEpoch: 2n ** 53n },
  ])
    assert.is(decode(wrong), 'malformed', Object.keys(wrong)[0]);
  assert.is((decode({ role: 1 }) as InitMessage).role, 'leaf');
  assert.is((decode({ role: 77 }) as InitMessage).role, 'other', 'a role of a later version can be refused by name');
  assert.equal(decode({ protocolVersion: PROTOCOL_VERSION + 1, id: 9 }), {
    kind: 'foreign',
    message: 'init',
    version: PROTOCOL_VERSION + 1,
    id: 9,
    nonce: init.nonce,
  });
});

test("a session's keys depend on all that makes the session", () => {
  const dialer = { id: 1, nonce: new Uint8Array(16).fill(1) };
  const listener = { id: 2, nonce: new Uint8Array(16).fill(2) };
  const all = [
    sessionKeys(NETWORK_KEY, dialer, listener),
    sessionKeys(new Uint8Array(32), dialer, listener),
    sessionKeys(NETWORK_KEY, listener, dialer),
    sessionKeys(NETWORK_KEY, { ...dialer, id: 3 }, listener),
    sessionKeys(NETWORK_KEY, dialer, { ...listener, id: 3 }),
    sessionKeys(NETWORK_KEY, { ...dialer, nonce: new Uint8Array(16) }, listener),
    sessionKeys(NETWORK_KEY, dialer, { ...listener, nonce: new Uint8Array(16) }),
  ];
  assert.is(new Set(all.map((keys) => JSON.stringify(keys))).size, all.length);
  for (const { dialerKey, listenerKey, sessionId } of all) {
    assert.not.equal(dialerKey, listenerKey);
    assert.match(sessionId, /^[0-9a-f]{16}$/);
  }
  assert.equal(sessionKeys(NETWORK_KEY, dialer, listener), all[0]);
  assert.throws(() => sessionKeys(new Uint8Array(16), dialer, listener), /32 bytes/);
});

test('the derivation is HKDF-SHA256 as written down', async () => {
  // The same by another implementation: WebCrypto.
  const key = await crypto.subtle.importKey('raw', NETWORK_KEY, 'HKDF', false, ['deriveBits']);
  const derive = async (salt: number[], info: number[], length: number) =>
    new Uint8Array(
      await crypto.subtle.deriveBits(
        { name: 'HKDF', hash: 'SHA-256', salt: Uint8Array.from(salt), info: Uint8Array.from(info) },
        key,
        length * 8,
      ),
    );
  const nonces = Array.from({ length: 32 }, (_, i) => (i < 16 ? 1 : 2));
  const info = (use: number) => [...ascii('portolan session v1'), 1, 2, 3, 4, 5, 6, 7, 8, use];
  const keys = sessionKeys(
    NETWORK_KEY,
    { id: 0x01020304, nonce: new Uint8Array(16).fill(1) },
    { id: 0x05060708, nonce: new Uint8Array(16).fill(2) },
  );
  assert.equal(keys.dialerKey, await derive(nonces, info(1), 16));
  assert.equal(keys.listenerKey, await derive(nonces, info(2), 16));
  assert.is(keys.sessionId, Buffer.from(await derive(nonces, info(0), 8)).toString('hex'));
  const { handshakeKey, fingerprint } = networkSecrets(NETWORK_KEY);
  assert.equal(handshakeKey, await derive([], ascii('portolan handshake v1'), 16));
  const print = await derive([], ascii('portolan fingerprint v1'), 4);
  assert.is(fingerprint, new DataView(print.buffer).getUint32(0));
});

test('golden vectors: an Init, a Join, its Accept, the keys of the session', () => {
  const [init, accept] = ['handshake-init', 'handshake-accept'].map(
    (name) => readVectors().find((vector) => vector.name === name) as Vector,
  ) as [Vector, Vector];
  const common = { bootEpoch: 1_763_700_000_123_456, tags: true, role: 'relay' } as const;
  const [dialer, listener] = [0x01010101, 0x01010102];
  const [a, b] = [Uint8Array.from({ length: 16 }, (_, i) => 16 + i), Uint8Array.from({ length: 16 }, (_, i) => 32 + i)];
  const initMessage = {
    kind: 'init',
    ...common,
    id: dialer,
    expectedId: listener,
    purpose: 'configured',
    nonce: a,
    linkNumber: 0x12003,
  } as const;
  const acceptMessage = {
    kind: 'accept',
    ...common,
    bootEpoch: common.bootEpoch + 1,
    id: listener,
    nonce: b,
    dialerNonce: a,
    linkNumber: 0x45001,
  } as const;
  const vectorFrames = new HandshakeFrames(networkSecrets(init.bytes('network-key')));
  assert.equal(vectorFrames.seal(initMessage, dialer, listener), init.bytes('frame'));
  const leaf = readVectors().find(({ name }) => name === 'handshake-init-leaf') as Vector;
  const leafMessage = { ...initMessage, role: 'leaf' } as const;
  assert.equal(vectorFrames.seal(leafMessage, dialer, listener), leaf.bytes('frame'));
  assert.equal(vectorFrames.open(leaf.bytes('frame')), { kind: 'authentic', message: leafMessage });
  const join = readVectors().find(({ name }) => name === 'handshake-join') as Vector;
  const sessionId = Buffer.from(join.bytes('session-id')).toString('hex');
  const joinMessage = { ...initMessage, bundle: { sessionId, member: 2, of: 4 } } as const;
  assert.equal(vectorFrames.seal(joinMessage, dialer, listener), join.bytes('frame'));
  assert.equal(vectorFrames.open(join.bytes('frame')), { kind: 'authentic', message: joinMessage });
  assert.equal(vectorFrames.seal(acceptMessage, listener, dialer), accept.bytes('frame'));
  assert.equal(vectorFrames.open(accept.bytes('frame')), { kind: 'authentic', message: acceptMessage });
  const keys = sessionKeys(accept.bytes('network-key'), { id: dialer, nonce: a }, { id: listener, nonce: b });
  assert.equal(keys.dialerKey, accept.bytes('dialer-key'));
  assert.equal(keys.listenerKey, accept.bytes('listener-key'));
  assert.is(keys.sessionId, Buffer.from(accept.bytes('session-id')).toString('hex'));
});

test('golden vectors of a probe and its reply', () => {
  const [probe, reply] = ['handshake-probe', 'handshake-probe-reply'].map(
    (name) => readVectors().find((vector) => vector.name === name) as Vector,
  ) as [Vector, Vector];
  const vectorFrames = new HandshakeFrames(networkSecrets(probe.bytes('network-key')));
  const nonce = Uint8Array.from({ length: 16 }, (_, i) => 16 + i);
  const asks = { kind: 'probe', id: 0x01010101, nonce } as const;
  const answers = { kind: 'probeReply', id: 0x01010102, nonce } as const;
  assert.equal(vectorFrames.seal(asks, 0x01010101, 0x01010102), probe.bytes('frame'));
  assert.equal(vectorFrames.open(probe.bytes('frame')), { kind: 'authentic', message: asks });
  assert.equal(vectorFrames.seal(answers, 0x01010102, 0x01010101), reply.bytes('frame'));
  assert.equal(vectorFrames.open(reply.bytes('frame')), { kind: 'authentic', message: answers });
  assert.is(probe.bytes('frame').length, reply.bytes('frame').length, 'a probe asks for no more than it is');
});

const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

test.run();
