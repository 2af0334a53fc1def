/** Packets on pinned paths: by their labels, from link to link; and by the table wherever that fails. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BundleWriter } from '../../ts/memory/bundles.js';
import { Epochs } from '../../ts/memory/epochs.js';
import { FlowReader } from '../../ts/memory/flow-counts.js';
import { type Pin, PinTableWriter } from '../../ts/memory/pin-table.js';
import { RECORD_KIND, RecordKind, SEND_PACKET_FRAME } from '../../ts/memory/worker-records.js';
import { type Headers, makeFrame, readHeaders } from '../../ts/wire/frame.js';
import { Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010102;
const THERE = 0x01010103;
const FROM = 1;
const PRIMARY = 2;
const DETOUR = 3;

/** A relay whose table leads to THERE by PRIMARY; pins lead there by DETOUR. */
class Relay extends StageRig {
  readonly pins: PinTableWriter;
  #last = 0;

  constructor() {
    super(SELF);
    for (const link of [FROM, PRIMARY, DETOUR, 4]) this.link(link, 0x01010110 + link);
    this.route(THERE, PRIMARY);
    this.pins = new PinTableWriter(this.region, new Epochs(this.region));
  }

  /** Its label: one more than the last one's, of a generation that makes it a large number. */
  pin(pin: Partial<Pin> = {}): number {
    const label = 0xabcde000 + ++this.#last;
    this.pins.install(label, {
      inLink: FROM,
      outLink: DETOUR,
      outLabel: 77,
      destination: THERE,
      trafficClass: 0,
      ...pin,
    });
    return label;
  }

  /** By which link, and with what label, a packet leaves that came by a link; 0: that starts here. */
  fate(from: number, more: Partial<Headers>): string[] {
    const frame = makeFrame({ source: 0x01010101, destination: THERE, ttl: 9, ...more }, new Uint8Array(20));
    if (from !== 0) this.arrive(frame, from);
    else {
      const record = new Uint8Array(SEND_PACKET_FRAME + frame.length);
      new DataView(record.buffer).setInt32(RECORD_KIND, RecordKind.SendPacket, true);
      record.set(frame, SEND_PACKET_FRAME);
      this.fromShell('data', record);
    }
    return this.step().map(({ by, frame: sent }) => `${by}/${(readHeaders(sent) as Headers).label}`);
  }
}

test('a label that was given out leads on by its link, with the next label', () => {
  const relay = new Relay();
  const label = relay.pin();
  assert.equal(relay.fate(FROM, { label }), [`${DETOUR}/77`]);
  assert.equal(relay.fate(FROM, { label: relay.pin({ outLabel: 0 }) }), [`${DETOUR}/0`], 'the last relay takes it off');
  assert.is(relay.counters()['pinned'], 2);
  assert.equal(relay.fate(FROM, {}), [`${PRIMARY}/0`], 'others go as ever');
});

test('a label that means nothing, or not on this link, or whose link is down: on by the table, without it', () => {
  const relay = new Relay();
  const label = relay.pin();
  assert.equal(relay.fate(FROM, { label: label - 4096 }), [`${PRIMARY}/0`], 'another generation');
  assert.equal(relay.fate(FROM, { label: label + 1 }), [`${PRIMARY}/0`], 'an entry that is not in use');
  assert.equal(relay.fate(FROM, { label: 0xfff }), [`${PRIMARY}/0`], 'no such entry');
  assert.equal(relay.fate(4, { label }), [`${PRIMARY}/0`], 'it was given out for another link');
  relay.links.setUp(DETOUR, false);
  assert.equal(relay.fate(FROM, { label }), [`${PRIMARY}/0`], 'its link is down');
  assert.is(relay.counters()['unpinned'], 5);
  relay.links.setUp(DETOUR, true);
  relay.pins.remove(label);
  assert.equal(relay.fate(FROM, { label }), [`${PRIMARY}/0`], 'it was taken back');
});

test('what starts here follows its pin, in its class, while the link is up', () => {
  const relay = new Relay();
  const pin = relay.pin({ inLink: 0, outLabel: 9 });
  const own = { source: SELF };
  assert.equal(relay.fate(0, own), [`${DETOUR}/9`]);
  assert.equal(relay.fate(0, { ...own, protocol: Protocol.EchoRequest }), [`${DETOUR}/9`], 'probes too');
  assert.equal(relay.fate(FROM, {}), [`${PRIMARY}/0`], 'transit is not pinned here');
  assert.equal(relay.fate(FROM, { label: pin }), [`${PRIMARY}/0`], 'and knows no label of what starts here');
  relay.route(THERE, PRIMARY, 0, 1);
  assert.equal(relay.fate(0, { ...own, trafficClass: 1 }), [`${PRIMARY}/0`]);
  relay.links.setUp(DETOUR, false);
  assert.equal(relay.fate(0, own), [`${PRIMARY}/0`]);
  relay.links.setUp(DETOUR, true);
  const other = relay.pin({ inLink: 0, outLink: 4, outLabel: 10 });
  assert.equal(relay.fate(0, own), ['4/10'], 'the later pin of a destination counts: make');
  relay.pins.remove(pin);
  assert.equal(relay.fate(0, own), ['4/10'], 'before break');
  relay.pins.remove(other);
  assert.equal(relay.fate(0, own), [`${PRIMARY}/0`]);
});

test('a label holds for all links of a bundle, and leads into all of one', () => {
  const relay = new Relay();
  relay.link(5, 0x01010111, undefined, undefined, undefined, FROM);
  relay.link(6, 0x01010113, undefined, undefined, undefined, DETOUR);
  new BundleWriter(relay.region).set(DETOUR, [DETOUR, 6]);
  const label = relay.pin();
  const ways = new Set(
    Array.from({ length: 64 }, (_, sourcePort) => relay.fate(sourcePort % 2 ? FROM : 5, { label, sourcePort })[0]),
  );
  assert.equal(ways, new Set([`${DETOUR}/77`, '6/77']));
});

test('only what starts here is counted as a flow, pinned or not; transit never', () => {
  const relay = new Relay();
  const flows = new FlowReader(relay.flows);
  const label = relay.pin();
  relay.fate(FROM, { label });
  relay.fate(FROM, {});
  assert.equal(flows.read(), []);
  relay.fate(0, {});
  relay.fate(0, { trafficClass: 2 });
  relay.pin({ inLink: 0 });
  relay.fate(0, {});
  relay.fate(0, { destination: SELF });
  assert.equal(
    flows.read().sort((a, b) => a.trafficClass - b.trafficClass),
    [
      { destination: THERE, trafficClass: 0, packets: 2 },
      { destination: THERE, trafficClass: 2, packets: 1 },
    ],
  );
});

test.run();
