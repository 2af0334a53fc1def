/**
 * The texts in which people write emulated networks, and what they mean:
 *
 * ```
 * delay=50ms jitter=5ms loss=1% rate=50Mbit reorder=1% mtu=1400     what leaves by any link
 * udp://0.0.0.0:7000 delay=50ms                                     what leaves by that listening address
 * 1.1.1.2 loss=10%                                                  what is sent to that peer
 * ```
 */
import { type EmulationModel, type EmulationRule, type EmulationTarget, ruleFor } from '../kit/emulation.js';
import { formatNodeId } from '../kit/node-id.js';
import { DURATION_UNITS, readBitRate, readQuantity, readShare, SIZE_UNITS } from '../kit/quantity.js';
import { formatUrl, parseId, parseTransportUrl, type TransportUrl } from './addresses.js';
import { withMembers } from './bound-addresses.js';
import { invalidOption } from './errors.js';
import type { ListenAddress } from './options.js';

/** What one text says. */
export interface Emulation {
  readonly target: { readonly kind: 'all' } | ({ readonly kind: 'listen' } & TransportUrl) | PeerTarget;
  readonly model: EmulationModel;
  /** The quantities, as people wrote them. */
  readonly text: string;
}

type PeerTarget = Extract<EmulationTarget, { readonly kind: 'peer' }>;

const EXPECTED =
  'an emulated network such as "delay=50ms jitter=5ms loss=1% rate=50Mbit reorder=1% mtu=1400", with a listening address or a node id in front if it is not for all links';
const MAX_DELAY_MS = 60_000;
const MAX_QUEUE_MS = 10_000;
/** 100 kbit/s to 100 Gbit/s: a frame of the largest size then takes no longer than a queue may be. */
const MIN_RATE = 100e3;
const MAX_RATE = 100e9;
const DEFAULT_QUEUE_MS = 50;
/** Smaller, and not even a handshake gets through. */
const MIN_MTU = 576;
const MAX_MTU = 65_507;

/** Reads one text. */
export function parseEmulation(text: unknown, option: string): Emulation {
  const words = typeof text === 'string' ? text.trim().split(/\s+/) : [];
  const target = targetOf(words, option, text);
  const settings = target.kind === 'all' ? words : words.slice(1);
  const given = new Map<string, string>();
  for (const setting of settings) {
    const [name, value, ...rest] = setting.split('=') as [string, string | undefined, ...string[]];
    if (value === undefined || rest.length > 0) throw invalidOption(option, EXPECTED, text);
    if (given.has(name)) throw invalidOption(option, `${name} only once`, text);
    given.set(name, value);
  }
  if (given.size === 0) throw invalidOption(option, EXPECTED, text);
  return { target, model: modelOf(given, option), text: settings.join(' ') };
}

/** Throws when an emulated network is for an address that the node does not listen on. */
export function checkEmulation(emulations: readonly Emulation[], listen: readonly TransportUrl[]): void {
  const urls = listen.map(formatUrl);
  for (const [index, { target }] of emulations.entries())
    if (target.kind === 'listen' && !urls.includes(formatUrl(target)))
      throw invalidOption(
        `emulate[${index}]`,
        `an address that this node listens on (${urls.join(', ') || 'none'})`,
        formatUrl(target),
      );
}

/**
 * The rules for links of one scheme, whose listening addresses have numbers of their own. What holds for an address holds also for the ports beside it from
 * which members of bundles are dialed.
 */
export function emulationRules(
  emulations: readonly Emulation[],
  { listen, linksPerPeer }: { readonly listen: readonly ListenAddress[]; readonly linksPerPeer: number },
  scheme: TransportUrl['scheme'],
): EmulationRule[] {
  const addresses = listen.filter((address) => address.scheme === scheme);
  const urls = new Map(addresses.map((address) => [address.option, formatUrl(address)]));
  const bound = scheme === 'udp' ? withMembers(addresses, linksPerPeer) : addresses;
  return emulations.map(({ target, model }) => {
    if (target.kind !== 'listen') return { target, model };
    const sockets = bound.flatMap(({ option }, at) => (urls.get(option) === formatUrl(target) ? [at] : []));
    return { target: { kind: 'listen', sockets }, model };
  });
}

/** What is emulated for a link, as people wrote it; undefined: nothing. */
export function emulationOf(
  emulations: readonly Emulation[],
  rules: readonly EmulationRule[],
  socket: number,
  peer: number,
): string | undefined {
  return emulations[ruleFor(rules, socket, peer)]?.text;
}

/** Prints a rule as it may be written. */
export function formatEmulation({ target, text }: Emulation): string {
  if (target.kind === 'all') return text;
  return `${target.kind === 'peer' ? formatNodeId(target.peer) : formatUrl(target)} ${text}`;
}

function targetOf(words: readonly string[], option: string, text: unknown): Emulation['target'] {
  const [first] = words;
  if (first === undefined || first === '') throw invalidOption(option, EXPECTED, text);
  if (first.includes('://')) return { kind: 'listen', ...parseTransportUrl(first, option, 0) };
  return first.includes('=') ? { kind: 'all' } : { kind: 'peer', peer: parseId(first, option) };
}

function modelOf(given: ReadonlyMap<string, string>, option: string): EmulationModel {
  for (const name of given.keys())
    if (!NAMES.has(name)) throw invalidOption(option, `one of ${[...NAMES].join(', ')}`, name);
  const read = (name: string, parse: (text: string) => number | undefined, expected: string, absent = 0): number => {
    const text = given.get(name);
    const value = text === undefined ? absent : parse(text);
    if (value === undefined) throw invalidOption(option, `${name} to be ${expected}`, text);
    return value;
  };
  const delay = read('delay', duration(MAX_DELAY_MS), 'a time such as 50ms, at most 60s');
  const jitter = read('jitter', duration(MAX_DELAY_MS), 'a time such as 5ms, at most 60s');
  const rate = read('rate', bitRate, 'a rate such as 50Mbit, from 100kbit to 100Gbit') / 8000;
  if (given.has('queue') && rate === 0) throw invalidOption(option, 'a rate, for there is a queue', given.get('queue'));
  return {
    delay,
    jitter,
    loss: read('loss', readShare, 'a share such as 1%'),
    reorder: read('reorder', readShare, 'a share such as 1%'),
    rate,
    queue: read('queue', queueAt(rate), 'a time such as 50ms, at most 10s, or a size such as 64KiB', DEFAULT_QUEUE_MS),
    mtu: read('mtu', mtuOf, `a size from ${MIN_MTU} to ${MAX_MTU}`),
  };
}

const NAMES = new Set<string>([
  'delay',
  'jitter',
  'loss',
  'reorder',
  'rate',
  'queue',
  'mtu',
] satisfies (keyof EmulationModel)[]);

const atMost = (value: number | undefined, most: number) => (value !== undefined && value <= most ? value : undefined);

const duration = (most: number) => (text: string) => atMost(readQuantity(text, DURATION_UNITS), most);

function bitRate(text: string): number | undefined {
  const rate = readBitRate(text);
  return rate !== undefined && rate >= MIN_RATE ? atMost(rate, MAX_RATE) : undefined;
}

/** A queue is as long as the time in which it empties, or that many bytes. `rate`: bytes a millisecond. */
const queueAt = (rate: number) => (text: string) => {
  if (text.endsWith('s')) return atMost(readQuantity(text, DURATION_UNITS), MAX_QUEUE_MS);
  const bytes = readQuantity(text.toLowerCase(), SIZE_UNITS);
  return bytes === undefined ? undefined : atMost(bytes / rate, MAX_QUEUE_MS);
};

function mtuOf(text: string): number | undefined {
  const size = /^\d+$/.test(text) ? Number(text) : 0;
  return size >= MIN_MTU && size <= MAX_MTU ? size : undefined;
}
