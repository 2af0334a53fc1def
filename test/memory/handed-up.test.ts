/** Records for the control plane, as workers write them. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PuntReason } from '../../ts/memory/batch.js';
import { readHandedUp } from '../../ts/memory/handed-up.js';
import { markAsLeaf } from '../../ts/memory/region.js';
import {
  DownCause,
  LINK_DOWNED_BYTES,
  LINK_DOWNED_CAUSE,
  LINK_DOWNED_LINK,
  PUNT_ADDRESS,
  PUNT_FRAME,
  PUNT_REASON,
  RECORD_KIND,
  RecordKind,
} from '../../ts/memory/worker-records.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { FrameType } from '../../ts/wire/link-header.js';
import { StageRig } from '../data/stage-rig.js';

const read = (bytes: Uint8Array) => readHandedUp(new DataView(bytes.buffer), bytes, 0, bytes.length);

/** A record with these words at these offsets. */
function record(length: number, words: readonly (readonly [number, number])[]): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [at, word] of words) new DataView(bytes.buffer).setInt32(at, word, true);
  return bytes;
}

test('a packet in trouble: why, by which link, when, and its headers', () => {
  const rig = new StageRig(0x01010102);
  markAsLeaf(rig.region);
  rig.replaceWorker();
  rig.link(3, 0x01010101);
  const frame = makeFrame({ source: 0x01010101, destination: 0x01010109, ttl: 9 }, new Uint8Array(20));
  rig.arrive(frame, 3);
  rig.step();
  const [punt] = rig.punts();
  assert.ok(punt);
  const { frame: read48, ...rest } = read(punt) as { readonly frame: Uint8Array };
  assert.equal(rest, { kind: 'packet', reason: 'prohibited', link: 3, limit: 0, receivedAt: 1000 });
  assert.equal(Uint8Array.from(read48), frame.slice(0, 48));
});

test('every reason is read; frames of links say their type, and handshakes where they came from', () => {
  for (const [name, reason] of Object.entries(PuntReason)) {
    const handed = read(
      record(PUNT_FRAME + 48, [
        [RECORD_KIND, RecordKind.Punt],
        [PUNT_REASON, reason],
      ]),
    );
    const isFrame = name in FrameType;
    assert.is(handed?.kind, isFrame ? 'frame' : 'packet', name);
    if (handed?.kind !== 'frame') continue;
    assert.is(handed.type, FrameType[name as keyof typeof FrameType]);
    assert.is(handed.address, name === 'Handshake' ? PUNT_ADDRESS : undefined);
  }
});

test('a link that a worker took down, and why', () => {
  for (const [cause, name] of [
    [DownCause.Silent, 'silent'],
    [DownCause.Disconnected, 'disconnected'],
  ] as const)
    assert.equal(
      read(
        record(LINK_DOWNED_BYTES, [
          [RECORD_KIND, RecordKind.LinkDowned],
          [LINK_DOWNED_LINK, 7],
          [LINK_DOWNED_CAUSE, cause],
        ]),
      ),
      { kind: 'linkDowned', link: 7, cause: name },
    );
});

test('other records are none for control', () => {
  const kinds = fc.integer().filter((kind) => kind !== RecordKind.Punt && kind !== RecordKind.LinkDowned);
  fc.assert(fc.property(kinds, (kind) => assert.is(read(record(100, [[RECORD_KIND, kind]])), undefined)));
  assert.is(
    read(
      record(100, [
        [RECORD_KIND, RecordKind.Punt],
        [PUNT_REASON, 99],
      ]),
    ),
    undefined,
  );
});

test.run();
