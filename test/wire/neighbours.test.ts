/** Messages about other nodes survive their bytes, and no bytes make a message that makes no sense; so do IP addresses. */
import { SocketAddress } from 'node:net';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ipBytes, ipText } from '../../ts/kit/ip.js';
import { nodeIdProblem } from '../../ts/kit/node-id.js';
import { decodeControl, encodeControl } from '../../ts/wire/control.js';
import { MAX_NEIGHBOURS, type NeighbourMessage, type NodeAddress } from '../../ts/wire/neighbours.js';
import { BASE_MTU, HEADERS_BYTES } from '../../ts/wire/network-header.js';
import { readVectors, type Vector } from './vectors.js';

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
// Groups of zeros, so that something is there to shorten.
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 255])));

test('IP addresses are written as the system writes them, and read again', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (bytes) => {
      const text = ipText(bytes) as string;
      assert.equal(ipBytes(text), bytes, text);
      const family = bytes.length === 4 ? 'ipv4' : 'ipv6';
      assert.is(new SocketAddress({ address: text, family }).address, text);
    }),
  );
  assert.is(ipText(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 2, 3)), '::ffff:10.1.2.3');
  assert.equal(ipBytes('::ffff:10.1.2.3')?.subarray(10), Uint8Array.of(255, 255, 10, 1, 2, 3));
  assert.is(ipText(new Uint8Array(16)), '::');
  for (const text of ['::1', '::2', '::0.1.0.0', '::1.2.3.4', '::1:102:304']) {
    assert.is(ipText(ipBytes(text) as Uint8Array), text);
    assert.is(new SocketAddress({ address: text, family: 'ipv6' }).address, text);
  }
});

test('what is no IP address has no bytes', () => {
  for (const text of [
    '',
    'host',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1:2',
    ':::',
    '1::2::3',
    '::1%eth0',
    '12345::',
    '1:2:3:4:5:6:7::8',
  ])
    assert.is(ipBytes(text), undefined, text);
  assert.is(ipText(new Uint8Array(5)), undefined);
});

const address: fc.Arbitrary<NodeAddress> = fc
  .record({
    scheme: fc.constantFrom('udp' as const, 'tcp' as const),
    bytes: fc.oneof(ipv4, ipv6),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  .map(({ scheme, bytes, port }) => ({
    scheme,
    family: bytes.length === 4 ? 4 : 6,
    host: ipText(bytes) as string,
    port,
  }));
const id = fc.integer({ min: 1, max: 0xffff_ffff }).filter((value) => nodeIdProblem(value) === undefined);
const request: fc.Arbitrary<NeighbourMessage> = fc.record({
  kind: fc.constant('neighbourRequest' as const),
  request: fc.record({
    wantedBits: fc.nat(0xffff_ffff),
    listens: fc.array(
      fc.oneof(
        address,
        address.map(({ scheme, port }) => ({ scheme, port })),
      ),
      { maxLength: 8 },
    ),
  }),
});
const neighbour = fc.record({
  id,
  addresses: fc.array(address, { minLength: 1, maxLength: 4 }),
  ageSeconds: fc.nat(0xffff_ffff),
});
const answer: fc.Arbitrary<NeighbourMessage> = fc.record({
  kind: fc.constant('neighbourAnswer' as const),
  answer: fc.record({ neighbours: fc.array(neighbour, { maxLength: MAX_NEIGHBOURS }) }),
});

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.oneof(request, answer), (message) => {
      assert.equal(JSON.stringify(decodeControl(encodeControl(message))), JSON.stringify(message));
    }),
  );
});

test('bytes of a message that were changed anywhere make a message or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(request, answer), fc.nat(), fc.nat(255), (message, at, change) => {
      const bytes = encodeControl(message);
      if (bytes.length === 0) return;
      bytes[at % bytes.length] = change;
      const read = decodeControl(bytes);
      if (read === 'malformed' || read.kind !== 'neighbourAnswer') return;
      assert.ok(read.answer.neighbours.length <= MAX_NEIGHBOURS);
      for (const { id: told, addresses } of read.answer.neighbours) {
        assert.is(nodeIdProblem(told), undefined);
        assert.ok(addresses.length >= 1 && addresses.length <= 4);
        for (const { host, port } of addresses) assert.ok(ipBytes(host) && port >= 1 && port <= 65_535);
      }
    }),
  );
});

test("too many nodes, or an id that is nobody's, are malformed", () => {
  const one = {
    id: (5 << 24) | 1,
    addresses: [{ scheme: 'udp', family: 4, host: '10.0.0.1', port: 7000 }],
    ageSeconds: 0,
  } as const;
  const told = (neighbours: readonly (typeof one | { readonly id: number })[]) =>
    decodeControl(
      encodeControl({
        kind: 'neighbourAnswer',
        answer: { neighbours: neighbours.map((other) => ({ ...one, ...other })) },
      }),
    );
  assert.is((told(Array.from({ length: MAX_NEIGHBOURS }, () => one)) as NeighbourMessage).kind, 'neighbourAnswer');
  assert.is(told(Array.from({ length: MAX_NEIGHBOURS + 1 }, () => one)), 'malformed');
  assert.is(told([{ id: 0 }]), 'malformed');
  const full = encodeControl({
    kind: 'neighbourAnswer',
    answer: { neighbours: Array.from({ length: MAX_NEIGHBOURS }, () => one) },
  });
  assert.ok(full.byteLength + HEADERS_BYTES <= BASE_MTU, 'a full answer with one address each fits a frame');
});

const vector = (name: string) => readVectors().find((one) => one.name === name) as Vector;

test('golden vectors of a request and an answer', () => {
  assert.equal(decodeControl(vector('neighbour-request').bytes('payload')), {
    kind: 'neighbourRequest',
    request: {
      wantedBits: 0x8000_0001,
      listens: [
        { scheme: 'udp', port: 7000 },
        { scheme: 'tcp', family: 6, host: '2001:db8::1', port: 7001 },
      ],
    },
  });
  assert.equal(decodeControl(vector('neighbour-answer').bytes('payload')), {
    kind: 'neighbourAnswer',
    answer: {
      neighbours: [
        { id: 0x01010102, addresses: [{ scheme: 'udp', family: 4, host: '192.0.2.1', port: 7000 }], ageSeconds: 0 },
        { id: 0x02010103, addresses: [{ scheme: 'tcp', family: 6, host: '2001:db8::1', port: 443 }], ageSeconds: 300 },
      ],
    },
  });
});

test.run();
