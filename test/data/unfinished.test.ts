/** A worker that dies in the middle of a step: every packet that it had is told of by one counter, and none comes twice. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { appendPacket, appendRun } from '../../ts/data/runs.js';
import {
  BATCH_PACKET_COUNT,
  BATCH_RUN_COUNT,
  PuntReason,
  RUN_ARGUMENT,
  RUN_VERDICT,
  RunKind,
  runAt,
  Verdict,
} from '../../ts/memory/batch.js';
import { COUNTER } from '../../ts/memory/counter-names.js';
import { takeUnfinished } from '../../ts/memory/unfinished.js';
import { RECORD_KIND, RecordKind, SEND_PACKET_FRAME } from '../../ts/memory/worker-records.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const PEER = 0x01010103;
const LINK = 5;

const frame = (source: number) => makeFrame({ source, destination: PEER, ttl: 9 }, new Uint8Array(4));

function record(kind: number, bytes: Uint8Array): Uint8Array {
  const made = new Uint8Array(SEND_PACKET_FRAME + bytes.length);
  new DataView(made.buffer).setInt32(RECORD_KIND, kind, true);
  made.set(bytes, SEND_PACKET_FRAME);
  return made;
}

test('what was received or taken from a ring is lost with the batch and counted; what waits behind it is the successor’s', () => {
  const node = new StageRig(SELF);
  node.link(LINK, PEER);
  node.link(6, 1);
  node.route(PEER, LINK);
  node.onCommand = () => {
    throw new Error('on command');
  };
  for (let i = 0; i < 3; i++) node.arrive(frame(1), 6);
  node.fromShell('control', record(RecordKind.SendPacket, frame(SELF)));
  node.fromShell('control', record(RecordKind.SendPacket, frame(SELF)));
  node.fromShell('control', record(RecordKind.Command, new Uint8Array(4)));
  node.fromShell('control', record(RecordKind.SendPacket, frame(SELF)));
  node.fromShell('data', record(RecordKind.SendPacket, frame(SELF)));

  assert.throws(() => node.step(), /on command/);
  node.context.counters.add(COUNTER.crashed, takeUnfinished(node.batch));
  node.replaceWorker();
  assert.is(node.step().length, 2, 'neither the command nor what came before it is met again');
  const { received, originated, crashed } = node.counters();
  assert.equal({ received, originated, crashed }, { received: 3, originated: 4, crashed: 5 });
  assert.is(takeUnfinished(node.batch), 0);
});

test('of a batch, exactly those packets count as unfinished that no counter has told of', () => {
  const { batch } = new StageRig(SELF);
  const cases: readonly [kind: number, verdict: number, argument: number, unfinished: boolean][] = [
    [RunKind.Data, Verdict.Undecided, 0, true],
    [RunKind.Data, Verdict.Forward, LINK, true],
    [RunKind.Data, Verdict.Deliver, 0, true],
    [RunKind.Data, Verdict.Punt, PuntReason.Error, true],
    [RunKind.Data, Verdict.Punt, PuntReason.NoRoute, false], // counted as noRoute
    [RunKind.Data, Verdict.Drop, COUNTER.badProtocol, false],
    [RunKind.Data, Verdict.Raw, 1, false], // counted as delivered
    [RunKind.Data, Verdict.Done, 0, false],
    [RunKind.Control, Verdict.Undecided, 0, true],
    [RunKind.Handshake, Verdict.Undecided, 0, true],
    [RunKind.Origin, Verdict.Raw, 0, true], // a handshake frame that was not sent
    [RunKind.Raw, Verdict.Undecided, 0, false], // a datagram that has not entered the overlay
  ];
  for (const [kind, verdict, argument, unfinished] of cases) {
    const first = appendPacket(batch, 0, 100);
    appendPacket(batch, 128, 100);
    const run = runAt(appendRun(batch, kind, 0, first, 2));
    batch.words[run + RUN_VERDICT] = verdict;
    batch.words[run + RUN_ARGUMENT] = argument;
    assert.is(takeUnfinished(batch), unfinished ? 2 : 0, `kind ${kind}, verdict ${verdict}, argument ${argument}`);
    assert.equal([batch.words[BATCH_RUN_COUNT], batch.words[BATCH_PACKET_COUNT]], [0, 0], 'the batch is empty then');
  }
});

test.run();
