/**
 * What every port must do, on real loopback sockets: one suite, run for the portable port and for the native one. Each bad frame is dropped
 * under its own name, and the good one behind it still arrives.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Port } from '../../ts/data/port.js';
import { appendPacket, appendRun } from '../../ts/data/runs.js';
import { monotonicNow } from '../../ts/edge/clock.js';
import { writeAddress } from '../../ts/memory/address.js';
import {
  ADDRESS_PORT,
  addressAt,
  BATCH_BYTES,
  BATCH_RUN_COUNT,
  type Batch,
  openBatch,
  packetAt,
  RUN_ARGUMENT,
  RUN_FIRST,
  RUN_KIND,
  RUN_LINK,
  RUN_PACKETS,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../../ts/memory/batch.js';
import type { Counter } from '../../ts/memory/counter-names.js';
import { CounterBlock, readCounters } from '../../ts/memory/counters.js';
import { storeHandshakeKey } from '../../ts/memory/handshake-gate.js';
import { LinkTableWriter, PortKind } from '../../ts/memory/link-table.js';
import { createRegion, type Region } from '../../ts/memory/region.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { HEADERS_BYTES, MAX_MTU } from '../../ts/wire/network-header.js';
import { checkTag, tagKey, writeTag } from '../../ts/wire/tag.js';

export const LINK = 3;
export const OUR_NUMBER = 5 * 4096 + LINK;
export const PEER_NUMBER = 9 * 4096 + 7;
export const RX_KEY = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
export const TX_KEY = Uint8Array.from({ length: 16 }, (_, i) => 200 - i);
export const MTU = 1200;
/** Handshake frames of the own network bear it, and a tag by {@link RX_KEY}. */
export const FINGERPRINT = 0xabcd1234;

export interface PortUnderTest {
  readonly port: Port;
  readonly udpPort: number;
  /** Closes the port and what it listens on. */
  readonly close: () => void;
}

export type MakePort = (region: Region, batch: Batch, counters: CounterBlock) => PortUnderTest;

interface World {
  readonly region: Region;
  readonly batch: Batch;
  readonly port: Port;
  readonly peer: Socket;
  /** Sends from the peer and lets the port receive until all have come. */
  readonly arrive: (...frames: Uint8Array[]) => Promise<void>;
  readonly counted: () => Partial<Record<Counter, number>>;
}

async function inWorld(makePort: MakePort, use: (world: World) => Promise<void>): Promise<void> {
  const region = createRegion({ workers: 1, links: 16 });
  storeHandshakeKey(region, { handshakeKey: RX_KEY, fingerprint: FINGERPRINT });
  const batch = openBatch(new SharedArrayBuffer(BATCH_BYTES), new SharedArrayBuffer(16 << 20));
  const { port, udpPort, close } = makePort(region, batch, new CounterBlock(region, 0));
  const peer = createSocket('udp4');
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  const links = new LinkTableWriter(region);
  const address = { family: 4, port: peer.address().port, bytes: Uint8Array.of(127, 0, 0, 1), scope: 0 } as const;
  links.install(
    LINK,
    {
      peer: 0x01010102,
      ourNumber: OUR_NUMBER,
      peerNumber: PEER_NUMBER,
      portKind: PortKind.Udp,
      socket: 0,
      mtu: MTU,
      address,
      rxKey: RX_KEY,
      txKey: TX_KEY,
      flags: 0,
    },
    monotonicNow(),
  );
  let expected = 0;
  try {
    await use({
      region,
      batch,
      port,
      peer,
      async arrive(...frames) {
        // All wait in the socket before the port looks, so that one batch holds them.
        for (const frame of frames) await new Promise<unknown>((sent) => peer.send(frame, udpPort, '127.0.0.1', sent));
        expected += frames.length;
        port.receive(0);
        while (readCounters(region).received < expected) await turn(port);
      },
      counted() {
        const { received, receivedBytes, receiveCalls, ...others } = readCounters(region);
        assert.ok(received <= expected && receivedBytes >= 0 && receiveCalls >= 0);
        return Object.fromEntries(Object.entries(others).filter(([, n]) => n > 0));
      },
    });
  } finally {
    peer.close();
    close();
  }
}

/** Lets the event loop turn (portable) and the port look (native). */
async function turn(port: Port): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  port.receive(0);
}

/** A frame as the peer would send it. */
export function frameOf(counter: number, more: Partial<Headers> = {}, payload = new Uint8Array(20)): Uint8Array {
  const frame = makeFrame({ linkNumber: OUR_NUMBER, counter, destination: 1, source: 2, ...more }, payload);
  writeTag(new DataView(frame.buffer), 0, frame.length, tagKey(RX_KEY), 0);
  return frame;
}

export const handshake = (label: number): Uint8Array => frameOf(1, { type: FrameType.Handshake, linkNumber: 0, label });

function altered(frame: Uint8Array, at: number, by = 1): Uint8Array {
  const copy = frame.slice();
  copy[at] = (copy[at] as number) ^ by;
  return copy;
}

/** Frames that every port drops, what is wrong with them, and the counter that tells. */
export const BAD_FRAMES: readonly [string, Counter, () => Uint8Array][] = [
  ['shorter than the headers', 'truncated', () => frameOf(1).subarray(0, HEADERS_BYTES - 1)],
  ['of another version', 'badVersion', () => altered(frameOf(1), 0, 0x30)],
  ['of no known type', 'badType', () => altered(frameOf(1), 0, 0x08)],
  ['for a link that does not exist', 'unknownLink', () => frameOf(1, { linkNumber: 5 * 4096 + 4 })],
  ['of an earlier session', 'unknownLink', () => frameOf(1, { linkNumber: 4 * 4096 + LINK })],
  ['for a link outside the table', 'unknownLink', () => frameOf(1, { linkNumber: 5 * 4096 + 4095 })],
  ['larger than any link carries', 'oversize', () => frameOf(1, {}, new Uint8Array(MAX_MTU - HEADERS_BYTES + 1))],
  ['with a wrong tag', 'badTag', () => altered(frameOf(1), 17)],
  ['with an altered header', 'badTag', () => altered(frameOf(1), 30)],
  [
    'of control with an altered payload',
    'badTag',
    () => altered(frameOf(1, { type: FrameType.Control }), HEADERS_BYTES + 3),
  ],
  ['with counter 0, which is never sent', 'replayed', () => frameOf(0)],
  [
    'of a handshake with a link number',
    'unknownLink',
    () => frameOf(1, { type: FrameType.Handshake, linkNumber: OUR_NUMBER }),
  ],
  ['of a handshake that is forged', 'badTag', () => altered(handshake(FINGERPRINT), HEADERS_BYTES + 3)],
];

/** Registers the suite's tests. */
export function portBehaviour(name: string, test: ReturnType<typeof suite>, makePort: MakePort): void {
  for (const [what, counter, make] of BAD_FRAMES)
    test(`${name}: a frame ${what} counts as ${counter}, and the next one arrives`, () =>
      inWorld(makePort, async ({ arrive, counted, batch }) => {
        await arrive(make(), frameOf(2));
        assert.equal(counted(), { [counter]: 1 });
        assert.equal(runsOf(batch), [{ kind: RunKind.Data, link: LINK, packets: 1 }]);
      }));

  test(`${name}: a replayed frame is refused, late ones within the window are not`, () =>
    inWorld(makePort, async ({ arrive, counted }) => {
      await arrive(frameOf(10), frameOf(10), frameOf(9), frameOf(9), frameOf(5000), frameOf(905), frameOf(904));
      assert.equal(counted(), { replayed: 3 }, 'twice 10, twice 9, and 904 is too old');
    }));

  test(`${name}: packets that are decided alike are one run; others are not`, () =>
    inWorld(makePort, async ({ arrive, batch }) => {
      await arrive(
        frameOf(1, { sequence: 1, source: 5 }),
        frameOf(2, { sequence: 2, source: 6 }),
        frameOf(3, { destination: 9 }),
        frameOf(4, { destination: 9, ttl: 3 }),
        frameOf(5, { destination: 9, ttl: 3, destinationPort: 1 }),
        frameOf(6, { type: FrameType.Control }),
      );
      const data = { kind: RunKind.Data, link: LINK };
      assert.equal(runsOf(batch), [
        { ...data, packets: 2 },
        { ...data, packets: 1 },
        { ...data, packets: 1 },
        { ...data, packets: 1 },
        { kind: RunKind.Control, link: LINK, packets: 1 },
      ]);
    }));

  test(`${name}: hellos may be larger than the MTU, for they probe it`, () =>
    inWorld(makePort, async ({ arrive, batch, counted }) => {
      await arrive(frameOf(1, { type: FrameType.Hello }, new Uint8Array(1400)));
      assert.equal(counted(), {});
      assert.equal(runsOf(batch), [{ kind: RunKind.Hello, link: LINK, packets: 1 }]);
    }));

  test(`${name}: a flood of handshakes of another network is held off, and takes nothing from those of our own`, () =>
    inWorld(makePort, async ({ arrive, counted }) => {
      await arrive(...Array.from({ length: 150 }, () => handshake(0)));
      const { handshakeLimited: limited = 0 } = counted();
      assert.ok(limited >= 50 && limited <= 100, `${limited} of 150 refused`);
      await arrive(...Array.from({ length: 100 }, () => handshake(FINGERPRINT)));
      assert.equal(counted(), { handshakeLimited: limited });
    }));

  test(`${name}: handshakes come with the address of their sender`, () =>
    inWorld(makePort, async ({ arrive, batch, peer }) => {
      await arrive(handshake(FINGERPRINT));
      assert.equal(runsOf(batch), [{ kind: RunKind.Handshake, link: 0, packets: 1 }]);
      const view = new DataView(batch.words.buffer);
      assert.is(view.getInt32(addressAt(0) + ADDRESS_PORT, true), peer.address().port);
    }));

  test(`${name}: what is forwarded leaves with TTL less one, the peer's link number, a new counter and a good tag`, () =>
    inWorld(makePort, async ({ arrive, batch, port, peer, region }) => {
      await arrive(frameOf(1, { ttl: 7 }, Uint8Array.of(1, 2, 3)));
      batch.words[runAt(0) + RUN_VERDICT] = Verdict.Forward;
      batch.words[runAt(0) + RUN_ARGUMENT] = LINK;
      const got = once(peer, 'message') as Promise<[Buffer]>;
      assert.is(port.send(), 1);
      const [frame] = await got;
      const headers = readHeaders(frame) as Headers;
      assert.equal([headers.ttl, headers.linkNumber, headers.counter], [6, PEER_NUMBER, 1]);
      const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
      assert.ok(checkTag(view, 0, frame.length, tagKey(TX_KEY), 0));
      assert.equal([...frame.subarray(HEADERS_BYTES)], [1, 2, 3]);
      const { sent, forwarded, sentBytes } = readCounters(region);
      assert.equal([sent, forwarded, sentBytes], [1, 1, frame.length]);
      assert.is(new LinkTableWriter(region).counters(LINK).txFrames, 1);
    }));

  test(`${name}: what starts here keeps its TTL; nothing larger than the MTU leaves`, () =>
    inWorld(makePort, async ({ batch, port, peer, region }) => {
      port.receive(0);
      for (const size of [MTU + 1, MTU]) {
        const at = port.reserve(size);
        batch.slabBytes.set(makeFrame({ ttl: 9 }, new Uint8Array(size - HEADERS_BYTES)), at);
        const index = appendRun(batch, RunKind.Origin, 0, appendPacket(batch, at, size), 1);
        batch.words[runAt(index) + RUN_VERDICT] = Verdict.Forward;
        batch.words[runAt(index) + RUN_ARGUMENT] = LINK;
      }
      const got = once(peer, 'message') as Promise<[Buffer]>;
      port.send();
      const [frame] = await got;
      assert.is(frame.length, MTU);
      assert.is((readHeaders(frame) as Headers).ttl, 9);
      const { sent, forwarded, oversize } = readCounters(region);
      assert.equal([sent, forwarded, oversize], [1, 0, 1]);
    }));

  test(`${name}: a sealed run is finished and counted, but leaves only when it is sent raw`, () =>
    inWorld(makePort, async ({ arrive, batch, port, peer, region }) => {
      await arrive(
        frameOf(1, { ttl: 7 }, Uint8Array.of(1, 2, 3)),
        frameOf(2, { ttl: 7 }, new Uint8Array(MTU - HEADERS_BYTES)),
      );
      new LinkTableWriter(region).setMtu(LINK, 600); // so that the second one may not leave
      batch.words[runAt(0) + RUN_VERDICT] = Verdict.Forward;
      batch.words[runAt(0) + RUN_ARGUMENT] = LINK;
      port.seal(0);
      const run = runAt(0);
      assert.equal(
        [RUN_VERDICT, RUN_ARGUMENT, RUN_KIND, RUN_PACKETS].map((word) => batch.words[run + word]),
        [Verdict.Raw, 0, RunKind.Origin, 1],
      );
      const at = batch.words[packetAt(batch.words[run + RUN_FIRST] as number)] as number;
      const kept = batch.slabBytes.slice(at, at + HEADERS_BYTES + 3);
      // It stays away from this batch, and leaves with the next one from wherever it lies then.
      batch.words[run + RUN_VERDICT] = Verdict.Done;
      const address = new Uint8Array(batch.bytes.slice(addressAt(0), addressAt(1)));
      port.send();
      const { sent: none, oversize } = readCounters(region);
      assert.equal([none, oversize, new LinkTableWriter(region).counters(LINK).txFrames], [0, 1, 1]);
      port.receive(0);
      const again = port.reserve(kept.length);
      batch.slabBytes.set(kept, again);
      const index = appendRun(batch, RunKind.Origin, 0, appendPacket(batch, again, kept.length), 1);
      batch.bytes.set(address, addressAt(index));
      batch.words[runAt(index) + RUN_VERDICT] = Verdict.Raw;
      const got = once(peer, 'message') as Promise<[Buffer]>;
      port.send();
      const [frame] = await got;
      const headers = readHeaders(frame) as Headers;
      assert.equal([headers.ttl, headers.linkNumber, headers.counter], [6, PEER_NUMBER, 1]);
      const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
      assert.ok(checkTag(view, 0, frame.length, tagKey(TX_KEY), 0));
      const { sent, forwarded } = readCounters(region);
      assert.equal([sent, forwarded], [1, 1]);
      assert.is(new LinkTableWriter(region).counters(LINK).txFrames, 1, 'counted once');
    }));

  test(`${name}: nothing is sealed into a retired link`, () =>
    inWorld(makePort, async ({ arrive, batch, port, region }) => {
      await arrive(frameOf(1));
      new LinkTableWriter(region).retire(LINK);
      batch.words[runAt(0) + RUN_VERDICT] = Verdict.Forward;
      batch.words[runAt(0) + RUN_ARGUMENT] = LINK;
      port.seal(0);
      port.send();
      const { sent, unknownLink } = readCounters(region);
      assert.equal([sent, unknownLink, batch.words[runAt(0) + RUN_VERDICT]], [0, 1, Verdict.Done]);
    }));

  test(`${name}: into a retired link nothing is sent`, () =>
    inWorld(makePort, async ({ arrive, batch, port, region }) => {
      await arrive(frameOf(1));
      new LinkTableWriter(region).retire(LINK);
      batch.words[runAt(0) + RUN_VERDICT] = Verdict.Forward;
      batch.words[runAt(0) + RUN_ARGUMENT] = LINK;
      port.send();
      const { sent, unknownLink } = readCounters(region);
      assert.equal([sent, unknownLink], [0, 1]);
    }));

  test(`${name}: local sockets bring plain datagrams with room for headers, and send back to the sender`, () =>
    inWorld(makePort, async ({ batch, port, peer, region }) => {
      const socket = port.openLocal('127.0.0.1', 0);
      peer.send('question', port.boundPort(socket), '127.0.0.1');
      while ((batch.words[BATCH_RUN_COUNT] as number) === 0) await turn(port);
      assert.equal(runsOf(batch), [{ kind: RunKind.Raw, link: socket, packets: 1 }]);
      const at = batch.words[packetAt(batch.words[runAt(0) + RUN_FIRST] as number)] as number;
      batch.slabBytes.fill(7, at - HEADERS_BYTES, at); // the headroom is ours
      assert.is(Buffer.from(batch.slabBytes.slice(at, at + 8)).toString(), 'question');
      batch.words[runAt(0) + RUN_VERDICT] = Verdict.Raw;
      batch.words[runAt(0) + RUN_ARGUMENT] = socket;
      const got = once(peer, 'message') as Promise<[Buffer]>;
      port.send();
      assert.is((await got)[0].toString(), 'question');
      const { received, sent } = readCounters(region);
      assert.equal([received, sent], [0, 0], 'the network has no part in it');
      assert.throws(
        () => port.openLocal('127.0.0.1', port.boundPort(socket)),
        (error: Error & { code?: string }) => error.code === 'EADDRINUSE',
      );
      port.closeLocal(socket);
    }));

  test(`${name}: a raw frame goes to its address from a listening socket, and counts as sent`, () =>
    inWorld(makePort, async ({ batch, port, peer, region }) => {
      port.receive(0);
      const at = port.reserve(60);
      batch.slabBytes.fill(3, at, at + 60);
      const index = appendRun(batch, RunKind.Origin, 0, appendPacket(batch, at, 60), 1);
      writeAddress(new DataView(batch.words.buffer), addressAt(index), '127.0.0.1', peer.address().port, 0);
      batch.words[runAt(index) + RUN_VERDICT] = Verdict.Raw;
      batch.words[runAt(index) + RUN_ARGUMENT] = 0;
      const got = once(peer, 'message') as Promise<[Buffer]>;
      port.send();
      assert.equal(
        [...(await got)[0]],
        Array.from({ length: 60 }, () => 3),
      );
      assert.is(readCounters(region).sent, 1);
    }));
}

export function runsOf({ words }: Batch): { kind: number; link: number; packets: number }[] {
  return Array.from({ length: words[BATCH_RUN_COUNT] as number }, (_, index) => {
    const run = runAt(index);
    return {
      kind: words[run + RUN_KIND] as number,
      link: words[run + RUN_LINK] as number,
      packets: words[run + RUN_PACKETS] as number,
    };
  });
}
