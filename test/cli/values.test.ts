import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exposeText, forwardText, idText, listenText, overlayAddress, peerText } from '../../ts/cli/values/address.js';
import { packetsPerSecond, parseDuration, parseInteger, parseRate, parseSize } from '../../ts/cli/values/quantity.js';
import { isBad, type Parser } from '../../ts/cli/values/value.js';

function valueOf<T>(parser: Parser<T>, text: string): T {
  const parsed = parser(text);
  if (isBad(parsed)) throw new Error(parsed.problem);
  return parsed.value;
}

function problemOf(parser: Parser<unknown>, text: string): string {
  const parsed = parser(text);
  return isBad(parsed) ? parsed.problem : '';
}

test('durations in all units, bare numbers in seconds', () => {
  const cases = {
    '500ms': 500,
    '10s': 10_000,
    '1.5s': 1500,
    '2m': 120_000,
    '1h': 3_600_000,
    '250us': 0.25,
    '10': 10_000,
  };
  for (const [text, ms] of Object.entries(cases)) assert.is(valueOf(parseDuration, text), ms, text);
  for (const text of ['', 'ten', '10 parsecs', '-1s', '1e3s', 's'])
    assert.match(problemOf(parseDuration, text), /500ms, 10s or 2m/);
});

test('sizes in decimal and binary units', () => {
  const cases = { '1200': 1200, '64KiB': 65_536, '64kb': 64_000, '1MB': 1e6, '1.5k': 1500 };
  for (const [text, bytes] of Object.entries(cases)) assert.is(valueOf(parseSize, text), bytes, text);
  assert.match(problemOf(parseSize, '1 GiB of it'), /a size in bytes/);
});

function rate(text: string): number {
  return packetsPerSecond(valueOf(parseRate, text), 1000);
}

test('rates in packets and in bits', () => {
  assert.is(rate('8000'), 8000);
  assert.is(rate('8k'), 8000);
  assert.is(rate('1.2M'), 1.2e6);
  assert.is(rate('3kpps'), 3000);
  assert.is(rate('500Mbit'), 500e6 / 8000);
  assert.is(rate('1Gbit/s'), 1e9 / 8000);
  assert.is(rate('max'), 0);
  for (const text of ['', 'fast', '5 potatoes', '-3']) assert.match(problemOf(parseRate, text), /packets a second/);
});

test('integers keep their bounds', () => {
  const port = parseInteger(1, 65_535, 'a port');
  assert.is(valueOf(port, '1'), 1);
  assert.is(valueOf(port, '65535'), 65_535);
  for (const text of ['0', '65536', '1.5', 'x', '', '-1', '1e3'])
    assert.match(problemOf(port, text), /a port from 1 to 65535/);
});

test('addresses: what is taken and what is refused', () => {
  const taken: readonly [Parser<unknown>, string][] = [
    [idText, '1.1.1.2'],
    [idText, '0.0.0.7'],
    [listenText, 'udp://0.0.0.0:0'],
    [listenText, 'udp://[::]:7000'],
    [peerText, '1.1.1.1@udp://host.example:7000'],
    [forwardText, 'udp://127.0.0.1:5000=1.1.1.3:6000'],
    [exposeText, '6000=udp://127.0.0.1:9000'],
    [overlayAddress, '1.1.1.3:6000'],
  ];
  for (const [parser, text] of taken) assert.is(problemOf(parser, text), '', text);
  const refused: readonly [Parser<unknown>, string][] = [
    [idText, '1.1.1'],
    [idText, '1.1.1.0'],
    [listenText, 'quic://0.0.0.0:1'],
    [listenText, 'udp://0.0.0.0:70000'],
    [peerText, 'udp://host:7000'],
    [peerText, '1.1.1.1@udp://host:0'],
    [forwardText, 'udp://127.0.0.1:5000=1.1.1.3'],
    [exposeText, '0=udp://127.0.0.1:9000'],
    [overlayAddress, '1.1.1.3:0'],
    [overlayAddress, '1.1.1.3'],
    [overlayAddress, '1.1.1.3:1:2'],
  ];
  for (const [parser, text] of refused) assert.ok(problemOf(parser, text), `${text} should be refused`);
});

test('no reader throws, whatever comes', () => {
  const parsers = [
    idText,
    listenText,
    peerText,
    forwardText,
    exposeText,
    overlayAddress,
    parseDuration,
    parseSize,
    parseRate,
  ];
  fc.assert(
    fc.property(fc.constantFrom<Parser<unknown>>(...parsers), fc.string(), (parser, text) => {
      const parsed = parser(text);
      assert.ok(isBad(parsed) ? parsed.problem.length > 0 : parsed.value !== undefined);
    }),
  );
});

test.run();
