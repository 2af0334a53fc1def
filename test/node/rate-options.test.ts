/** Rates of links: how they are written, and to which links they apply. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkOptions } from '../../ts/node/options.js';
import { LinkRates, rateBehind, withoutRate } from '../../ts/node/rates.js';

const address = (host: string, port: number) => ({ scheme: 'udp', family: 4, host, port }) as const;

test('a rate stands behind an address', () => {
  assert.is(rateBehind('udp://0.0.0.0:7000?rate=50Mbit', 'listen'), 50_000);
  assert.is(rateBehind('udp://0.0.0.0:7000?rate=1.5gbit/s', 'listen'), 1_500_000);
  assert.is(rateBehind('udp://0.0.0.0:7000', 'listen'), 0);
  assert.is(withoutRate('1.1.1.1@udp://[::1]:7000?rate=50Mbit'), '1.1.1.1@udp://[::1]:7000');
  const config = checkOptions({
    id: '1.1.1.1',
    listen: ['udp://127.0.0.1:0', 'udp://127.0.0.2:0?rate=1Mbit'],
    peers: ['1.1.1.2@udp://a:7000?rate=2Mbit', '1.1.1.3@udp://b:7000'],
  });
  assert.equal(config.listenRates, [0, 1000]);
  assert.equal(
    config.listen.map(({ scheme, host, port }) => [scheme, host, port]),
    [
      ['udp', '127.0.0.1', 0],
      ['udp', '127.0.0.2', 0],
    ],
  );
  assert.equal(
    config.peerRates.map(({ host, rate }) => [host, rate]),
    [
      ['a', 2000],
      ['b', 0],
    ],
  );
});

test('a peer’s rate counts before that of the listening address; links of an address share a wire, and each wire has one worker', () => {
  const rates = new LinkRates({ udp: [0, 1000], tcp: [300] }, 100, 3);
  rates.setPeer({ id: 7, scheme: 'udp', host: '192.0.2.1', port: 7000, rate: 500 });
  rates.setPeer({ id: 7, scheme: 'udp', host: '192.0.2.2', port: 7000, rate: 900 });
  assert.is(rates.paceOf(4, 5, address('192.0.2.9', 1), 0), undefined);
  assert.equal(rates.paceOf(4, 5, address('192.0.2.9', 1), 1), { rate: 1000, wire: 101, worker: 2 });
  assert.equal(rates.paceOf(8, 6, address('192.0.2.9', 1), 1), { rate: 1000, wire: 101, worker: 2 });
  assert.equal(rates.paceOf(4, 7, address('192.0.2.2', 7000), 1), { rate: 900, wire: 4, worker: 1 });
  assert.is(rates.paceOf(4, 7, address('192.0.2.3', 41_000), 0)?.rate, 500, 'who dials from elsewhere: the least');
  rates.setPeer({ id: 7, scheme: 'udp', host: '192.0.2.1', port: 7000, rate: 700 });
  assert.is(rates.paceOf(4, 7, address('192.0.2.1', 7000), 0)?.rate, 700);
  const overTcp = { ...address('192.0.2.1', 7000), scheme: 'tcp' as const };
  const tcp = rates.paceOf(4, 5, overTcp, 0);
  assert.equal([tcp?.rate, tcp?.wire], [300, 102], 'listening addresses for TCP have numbers and wires of their own');
  assert.is(rates.wires, 103);
  assert.is(rates.paceOf(4, 5, overTcp, -1), undefined, 'a connection that this node has dialed uses none of them');
  rates.removePeer(7);
  assert.is(rates.paceOf(4, 7, address('192.0.2.1', 7000), 0), undefined);
});

test.run();
