/** The link that the main thread expects is the one that the route stage takes. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BundleWriter } from '../../ts/memory/bundles.js';
import { DirectTableWriter } from '../../ts/memory/direct-table.js';
import { Epochs } from '../../ts/memory/epochs.js';
import { FirstHops } from '../../ts/memory/first-hop.js';
import { RECORD_KIND, RecordKind, SEND_PACKET_FRAME } from '../../ts/memory/worker-records.js';
import { makeFrame } from '../../ts/wire/frame.js';
import { Protocol } from '../../ts/wire/network-header.js';
import { StageRig } from '../data/stage-rig.js';

const SELF = 0xf1010102;
const LINKS = 9;
const link = fc.nat(LINKS);
const id = fc.constantFrom(SELF, 0xf1010103, 0xf1010203, 0xf1020304, 0x01020304, 0xf1010109, 0xf1010108);

test('it is the same, for all tables', () => {
  const network = fc.record({
    routes: fc.array(fc.tuple(id, link, link, fc.nat(3)), { maxLength: 12 }),
    down: fc.array(link, { maxLength: 5 }),
    leaves: fc.array(fc.tuple(id, fc.integer({ min: 1, max: LINKS })), { maxLength: 3 }),
    bundle: fc.option(fc.tuple(fc.integer({ min: 1, max: LINKS }), fc.array(fc.integer({ min: 1, max: LINKS })))),
    packets: fc.array(fc.tuple(id, fc.nat(65_535), fc.nat(65_535), fc.nat(5)), { minLength: 1, maxLength: 20 }),
  });
  fc.assert(
    fc.property(network, ({ routes, down, leaves, bundle, packets }) => {
      const rig = new StageRig(SELF);
      const owner = new Map(leaves.map(([leaf, by]) => [by, leaf]));
      for (let index = 1; index <= LINKS; index++) rig.link(index, owner.get(index) ?? 0x02020200 + index);
      for (const [to, primary, backup, trafficClass] of routes)
        if (to !== SELF) rig.route(to, primary, primary === 0 || primary === backup ? 0 : backup, trafficClass);
      const table = new DirectTableWriter(rig.region, new Epochs(rig.region));
      for (const [by, leaf] of owner) if (leaf !== SELF) table.set(leaf, by);
      if (bundle) new BundleWriter(rig.region).set(bundle[0], [bundle[0], ...bundle[1]]);
      for (const index of down) if (index > 0) rig.links.setUp(index, false);
      const hops = new FirstHops(rig.region, SELF);
      for (const [destination, sourcePort, destinationPort, trafficClass] of packets) {
        const header = { source: SELF, sourcePort, destination, destinationPort, trafficClass };
        const frame = makeFrame({ ...header, protocol: Protocol.Datagram }, new Uint8Array(1));
        const record = new Uint8Array(SEND_PACKET_FRAME + frame.length);
        new DataView(record.buffer).setInt32(RECORD_KIND, RecordKind.SendPacket, true);
        record.set(frame, SEND_PACKET_FRAME);
        rig.fromShell('data', record);
        assert.is(hops.linkTo(destination, sourcePort, destinationPort, trafficClass), rig.step()[0]?.by ?? 0);
      }
    }),
  );
});

test.run();
