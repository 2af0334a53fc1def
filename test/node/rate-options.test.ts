/** Rates of links: how they are written, and to which links they apply. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkOptions } from '../../ts/node/options.js';
import { LinkRates, NO_ADDRESS_OPTIONS, optionsBehind, withoutOptions } from '../../ts/node/rates.js';

const address = (host: string, port: number) => ({ scheme: 'udp', family: 4, host, port }) as const;

const paced = (rate: number) => ({ ...NO_ADDRESS_OPTIONS, rate });

test('a rate stands behind an address', () => {
  assert.is(optionsBehind('udp://0.0.0.0:7000?rate=50Mbit', 'listen').rate, 50_000);
  assert.is(optionsBehind('udp://0.0.0.0:7000?rate=1.5gbit/s', 'listen').rate, 1_500_000);
  assert.is(optionsBehind('udp://0.0.0.0:7000', 'listen').rate, 0);
  assert.is(withoutOptions('1.1.1.1@udp://[::1]:7000?rate=50Mbit'), '1.1.1.1@udp://[::1]:7000');
  const config = checkOptions({
    id: '1.1.1.1',
    listen: ['udp://127.0.0.1:0', 'udp://127.0.0.2:0?rate=1Mbit'],
    peers: ['1.1.1.2@udp://a:7000?rate=2Mbit', '1.1.1.3@udp://b:7000'],
  });
  assert.equal(
    config.listenRates.map(({ rate }) => rate),
    [0, 1000],
  );
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
  const rates = new LinkRates({ udp: [paced(0), paced(1000)], tcp: [paced(300)] }, 100, 3);
  rates.setPeer({ id: 7, scheme: 'udp', host: '192.0.2.1', port: 7000, ...paced(500) });
  rates.setPeer({ id: 7, scheme: 'udp', host: '192.0.2.2', port: 7000, ...paced(900) });
  assert.is(rates.paceOf(4, 5, address('192.0.2.9', 1), 0), undefined);
  assert.equal(rates.paceOf(4, 5, address('192.0.2.9', 1), 1), { rate: 1000, wire: 101, worker: 2 });
  assert.equal(rates.paceOf(8, 6, address('192.0.2.9', 1), 1), { rate: 1000, wire: 101, worker: 2 });
  assert.equal(rates.paceOf(4, 7, address('192.0.2.2', 7000), 1), { rate: 900, wire: 4, worker: 1 });
  assert.is(rates.paceOf(4, 7, address('192.0.2.3', 41_000), 0)?.rate, 500, 'who dials from elsewhere: the least');
  rates.setPeer({ id: 7, scheme: 'udp', host: '192.0.2.1', port: 7000, ...paced(700) });
  assert.is(rates.paceOf(4, 7, address('192.0.2.1', 7000), 0)?.rate, 700);
  const overTcp = { ...address('192.0.2.1', 7000), scheme: 'tcp' as const };
  const tcp = rates.paceOf(4, 5, overTcp, 0);
  assert.equal([tcp?.rate, tcp?.wire], [300, 102], 'listening addresses for TCP have numbers and wires of their own');
  assert.is(rates.wires, 103);
  assert.is(rates.paceOf(4, 5, overTcp, -1), undefined, 'a connection that this node has dialed uses none of them');
  rates.removePeer(7);
  assert.is(rates.paceOf(4, 7, address('192.0.2.1', 7000), 0), undefined);
});

test('bandwidth and cost may stand there too, in any order', () => {
  const all = 'udp://a:7000?cost=3&rate=50Mbit&bandwidth=1Gbit';
  assert.equal(optionsBehind(all, 'peers'), { rate: 50_000, bandwidth: 1_000_000, cost: 3 });
  for (const wrong of ['cost=-1', 'cost=1001', 'cost=', 'bandwidth=5', 'speed=1', 'cost', 'cost=1=2', ''])
    assert.throws(() => optionsBehind(`udp://a:7000?${wrong}`, 'peers'), /^peers: /, wrong);
});

test('what routing takes a link for: the address that it goes by, or else the worst that is known of the peer', () => {
  const rates = new LinkRates({ udp: [paced(0), { rate: 0, bandwidth: 0, cost: 4 }], tcp: [] }, 100, 1);
  const peer = { id: 7, scheme: 'udp', port: 7000 } as const;
  rates.setPeer({ ...peer, host: '192.0.2.1', rate: 0, bandwidth: 0, cost: 1 });
  rates.setPeer({ ...peer, host: '192.0.2.2', rate: 8000, bandwidth: 0, cost: 9 });
  rates.setPeer({ ...peer, host: '192.0.2.3', rate: 8000, bandwidth: 20_000, cost: 0 });
  const terms = (host: string) => rates.termsOf(7, address(host, 7000), 1);
  assert.equal(terms('192.0.2.1'), { cost: 1, bandwidth: 0 });
  assert.equal(terms('192.0.2.2'), { cost: 9, bandwidth: 8 });
  assert.equal(terms('192.0.2.3'), { cost: 0, bandwidth: 20 });
  assert.equal(terms('192.0.2.4'), { cost: 9, bandwidth: 8 }, 'from elsewhere');
  assert.equal(rates.termsOf(8, address('192.0.2.1', 7000), 1), { cost: 4, bandwidth: 0 }, 'of a stranger');
});

test.run();
