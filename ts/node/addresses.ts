/**
 * The texts in which people write addresses, and what they mean:
 *
 * ```
 * udp://0.0.0.0:7000  tcp://[::1]:7000  udp://host:7000     where to listen, where a peer is
 * 1.1.1.1@udp://host:7000                                   a peer, or a node to begin with
 * udp://127.0.0.1:5000=1.1.1.3:6000                         a forward: UDP that enters here comes out at 1.1.1.3, port 6000
 * udp://127.0.0.1:5000=1.1.1.3:6000?class=lowCost           the same, in another traffic class than low latency
 * 6000=udp://127.0.0.1:9000                                 an expose: what comes to port 6000 goes to a server
 * 6000=udp://127.0.0.1:9000?from=1.1.*,1.2.3.4              the same, for the nodes that are named only
 * ```
 * The parsers throw a {@link PortolanError} that names the option, what was expected and what came.
 */
import { isIP } from 'node:net';
import type { BootstrapAddress } from '../control/io.js';
import { type IdPattern, parseIdPattern } from '../kit/id-pattern.js';
import { type NodeId, nodeIdProblem, parseNodeId } from '../kit/node-id.js';
import { type TrafficClass, trafficClassOf } from '../wire/network-header.js';
import { invalidOption, PortolanError } from './errors.js';
import { classBehind } from './traffic-class.js';

/** A host (name or IP address, without brackets) and a UDP or TCP port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where links begin or end. */
export interface TransportUrl extends HostPort {
  readonly scheme: 'udp' | 'tcp';
}

export interface PeerAddress extends TransportUrl {
  readonly id: NodeId;
}

export interface Forward extends HostPort {
  readonly destination: NodeId;
  readonly destinationPort: number;
  readonly trafficClass: TrafficClass;
}

export interface Expose extends HostPort {
  /** The virtual port. */
  readonly virtualPort: number;
  /** The nodes that may use it; undefined: all. */
  readonly from: readonly IdPattern[] | undefined;
}

const TRANSPORT_URL = /^(udp|tcp):\/\/(\[[0-9a-fA-F:.%\w]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** Reads `udp://host:port` or `tcp://host:port`. `minPort` 0 lets the system choose. */
export function parseTransportUrl(text: unknown, option: string, minPort: 0 | 1 = 1): TransportUrl {
  const expected = 'an address such as udp://192.0.2.1:7000 or tcp://[2001:db8::1]:7000';
  const url = readUrl(text, minPort);
  if (url === undefined) throw invalidOption(option, expected, text);
  return url;
}

/** Reads `udp://host:port`, the address of a program that knows nothing of the overlay. */
export function parseUdpUrl(text: unknown, option: string, minPort: 0 | 1 = 1): HostPort {
  const expected = 'an address such as udp://192.0.2.1:7000 or udp://[2001:db8::1]:7000';
  const url = readUrl(text, minPort);
  if (url?.scheme !== 'udp') throw invalidOption(option, expected, text);
  return { host: url.host, port: url.port };
}

function readUrl(text: unknown, minPort: 0 | 1): TransportUrl | undefined {
  const match = typeof text === 'string' ? TRANSPORT_URL.exec(text) : null;
  const port = Number(match?.[3]);
  const host = (match?.[2] ?? '').replace(/^\[|\]$/g, '');
  const bracketed = match?.[2]?.startsWith('[') === true;
  const looksLikeIPv4 = /^[\d.]+$/.test(host);
  if (
    !match ||
    port < minPort ||
    port > 65_535 ||
    bracketed !== (isIP(host) === 6) ||
    (looksLikeIPv4 && isIP(host) !== 4)
  )
    return undefined;
  return { scheme: match[1] === 'tcp' ? 'tcp' : 'udp', host, port };
}

/** Reads `1.1.1.1@udp://host:7000`, or the same with `tcp`. */
export function parsePeer(text: unknown, option: string): PeerAddress {
  const [idText, url, ...rest] = typeof text === 'string' ? text.split('@') : [];
  if (idText === undefined || url === undefined || rest.length > 0)
    throw invalidOption(option, 'a peer such as 1.1.1.1@udp://192.0.2.1:7000', text);
  return { id: parseId(idText, option), ...parseTransportUrl(url, option) };
}

/** Reads a peer, or an address for UDP at which any node may be. */
export function parseBootstrap(text: unknown, option: string): BootstrapAddress {
  if (typeof text === 'string' && text.startsWith('udp://'))
    return { id: undefined, ...parseTransportUrl(text, option) };
  if (typeof text === 'string' && text.startsWith('tcp://'))
    throw invalidOption(
      option,
      'the id of the node in front of a tcp:// address, as in 1.1.1.1@tcp://192.0.2.1:7000',
      text,
    );
  return parsePeer(text, option);
}

/** Reads `udp://127.0.0.1:5000=1.1.1.3:6000`, with or without `?class=lowCost` behind it. */
export function parseForward(text: unknown, option: string): Forward {
  const { rest: rule, name } = classBehind(typeof text === 'string' ? text : '', option);
  const [url, target, ...rest] = rule.split('=');
  const [idText, portText] = target?.split(':') ?? [];
  if (url === undefined || idText === undefined || portText === undefined || rest.length > 0)
    throw invalidOption(option, 'a forward such as udp://127.0.0.1:5000=1.1.1.3:6000', text);
  return {
    ...parseUdpUrl(url, option, 0),
    destination: parseId(idText, option),
    destinationPort: parsePort(portText, option),
    trafficClass: trafficClassOf(name),
  };
}

/** Reads `6000=udp://127.0.0.1:9000`, perhaps with `?from=1.1.*,1.2.3.4` behind it. */
export function parseExpose(text: unknown, option: string): Expose {
  const [, portText, url, query, fromText] =
    typeof text === 'string' ? (/^([^=?]*)=([^=?]*)(\?from=([^=?]*))?$/.exec(text) ?? []) : [];
  if (portText === undefined || url === undefined)
    throw invalidOption(option, 'an expose such as 6000=udp://127.0.0.1:9000', text);
  const from = query === undefined ? undefined : (fromText ?? '').split(',').map(parseIdPattern);
  if (from?.includes(undefined))
    throw invalidOption(
      option,
      'nodes that may use it such as ?from=1.1.*,1.2.3.4 (ids, or their leading numbers and a star)',
      text,
    );
  const patterns = from?.filter((pattern) => pattern !== undefined);
  return { virtualPort: parsePort(portText, option), ...parseUdpUrl(url, option), from: patterns };
}

/** Reads an id that a node may have. */
export function parseId(text: unknown, option: string): NodeId {
  const id = typeof text === 'string' ? parseNodeId(text) : undefined;
  if (id === undefined) throw invalidOption(option, 'a node id such as 1.1.1.2 (four numbers of 0 to 255)', text);
  const problem = nodeIdProblem(id);
  if (problem !== undefined)
    throw new PortolanError('INVALID_OPTION', `${option}: ${String(text)} cannot be a node's id: ${problem}`, {
      option,
    });
  return id;
}

/** Reads a port number from 1 to 65535, written as a number or in digits. */
export function parsePort(value: unknown, option: string): number {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalidOption(option, 'a port from 1 to 65535', value);
  return port;
}

/** Prints an address as a URL. */
export function formatUrl({ scheme, host, port }: TransportUrl): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function formatUdpUrl(address: HostPort): string {
  return formatUrl({ ...address, scheme: 'udp' });
}
