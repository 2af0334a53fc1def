/**
 * RoutingSync messages in bytes, written and read by hand: they are nearly all that nodes say to each other, and the library, which works
 * by reflection, needs ten times as long for them. The format is the library's, byte for byte (proto/portolan/v1/control.proto):
 *
 * ```
 *   0a  length ─┐ Control.routing_sync
 *     08 varint │ number            12 length varints │ acknowledged       18 varint │ base_seqno
 *     22 length bytes │ entries     2a length fields  │ each request       32 length fields │ digest
 *     38 varint │ resend_layers                                     what is zero or empty is left out
 * ```
 * The reader knows this form alone. For anything else (unknown fields, longer varints, a field that comes twice) it answers `undefined`, and the
 * library decides what it means.
 */

import { FieldReader } from './field-reader.js';
import { FieldWriter, VARINT_BYTES } from './field-writer.js';
import type { Digest, RouteRequest, RoutingSync } from './gen/portolan/v1/control_pb.js';

const VARINT = 0;
const BYTES = 2;
/** Of fields up to 15: one byte. */
const tag = (field: number, wireType: number) => (field << 3) | wireType;

const CONTROL_ROUTING_SYNC = tag(1, BYTES);

const NUMBER = tag(1, VARINT);
const ACKNOWLEDGED = tag(2, BYTES);
const BASE_SEQNO = tag(3, VARINT);
const ENTRIES = tag(4, BYTES);
const REQUESTS = tag(5, BYTES);
const DIGEST = tag(6, BYTES);
const RESEND_LAYERS = tag(7, VARINT);

const REQUEST_LAYER = tag(1, VARINT);
const REQUEST_BYTE = tag(2, VARINT);
const REQUEST_CLASS = tag(3, VARINT);
const REQUEST_SEQNO = tag(4, VARINT);
const REQUEST_DISTANCE = tag(5, VARINT);
const REQUEST_BUMP = tag(6, VARINT);
const REQUEST_HOP_BUDGET = tag(7, VARINT);

const DIGEST_LAYERS = tag(1, BYTES);
const DIGEST_LAST_NUMBER = tag(2, VARINT);

const FIELD_BYTES = 1 + VARINT_BYTES;
const REQUEST_FIELDS = 7;
const SYNC_FIELDS = 7;

/** A Control message with the routing message in it. */
export function encodeRoutingSync(message: RoutingSync): Uint8Array {
  const writer = new FieldWriter(FIELD_BYTES + mostBytes(message));
  const sync = writer.begin(CONTROL_ROUTING_SYNC);
  writeSync(writer, message);
  writer.end(sync);
  return writer.finish();
}

function mostBytes({ acknowledged, entries, requests, digest }: RoutingSync): number {
  const lists = acknowledged.length * VARINT_BYTES + entries.length + (digest ? 4 * digest.layers.length : 0);
  return (SYNC_FIELDS + requests.length * (1 + REQUEST_FIELDS) + (digest ? 2 : 0)) * FIELD_BYTES + lists;
}

function writeSync(writer: FieldWriter, message: RoutingSync): void {
  writer.number(NUMBER, message.number);
  if (message.acknowledged.length > 0) {
    const list = writer.begin(ACKNOWLEDGED);
    for (const number of message.acknowledged) writer.varint(number);
    writer.end(list);
  }
  writer.number(BASE_SEQNO, message.baseSeqno);
  if (message.entries.length > 0) writer.bytes(ENTRIES, message.entries);
  for (const request of message.requests) writeRequest(writer, request);
  if (message.digest) writeDigest(writer, message.digest);
  writer.number(RESEND_LAYERS, message.resendLayers);
}

function writeRequest(writer: FieldWriter, request: RouteRequest): void {
  const start = writer.begin(REQUESTS);
  writer.number(REQUEST_LAYER, request.layer);
  writer.number(REQUEST_BYTE, request.byte);
  writer.number(REQUEST_CLASS, request.trafficClass);
  writer.number(REQUEST_SEQNO, request.seqno);
  writer.number(REQUEST_DISTANCE, request.distance);
  writer.number(REQUEST_BUMP, request.bump ? 1 : 0);
  writer.number(REQUEST_HOP_BUDGET, request.hopBudget);
  writer.end(start);
}

function writeDigest(writer: FieldWriter, { layers, lastNumber }: Digest): void {
  const start = writer.begin(DIGEST);
  if (layers.length > 0) {
    const list = writer.begin(DIGEST_LAYERS);
    for (const hash of layers) writer.fixed32(hash);
    writer.end(list);
  }
  writer.number(DIGEST_LAST_NUMBER, lastNumber);
  writer.end(start);
}

/** Reads a Control message that holds nothing but a routing message, in the usual form; `undefined`: anything else, valid or not. */
export function decodeRoutingSync(bytes: Uint8Array): RoutingSync | undefined {
  const reader = new FieldReader(bytes, 0, bytes.length);
  if (reader.tag() !== CONTROL_ROUTING_SYNC) return undefined;
  const body = reader.enter();
  if (!reader.isAtEnd() || reader.failed) return undefined;
  const message: RoutingSync = {
    $typeName: 'portolan.v1.RoutingSync',
    number: 0,
    acknowledged: [],
    baseSeqno: 0,
    entries: NO_BYTES,
    requests: [],
    resendLayers: 0,
  };
  return readSync(body, message) ? message : undefined;
}

const NO_BYTES = new Uint8Array();

/** False when there is anything unusual. Fields come in their order, each but the requests at most once. */
function readSync(reader: FieldReader, message: RoutingSync): boolean {
  let last = 0;
  while (!reader.isAtEnd()) {
    const field = reader.tag();
    if (field < last || (field === last && field !== REQUESTS)) return false;
    last = field;
    if (field === NUMBER) message.number = reader.varint();
    else if (field === ACKNOWLEDGED) {
      const list = reader.enter();
      while (!list.isAtEnd()) message.acknowledged.push(list.varint());
      if (list.failed) return false;
    } else if (field === BASE_SEQNO) message.baseSeqno = reader.varint();
    else if (field === ENTRIES) message.entries = reader.bytes();
    else if (field === REQUESTS) {
      const request = readRequest(reader.enter());
      if (!request) return false;
      message.requests.push(request);
    } else if (field === DIGEST) {
      message.digest = readDigest(reader.enter());
      if (!message.digest) return false;
    } else if (field === RESEND_LAYERS) message.resendLayers = reader.varint();
    else return false;
  }
  return !reader.failed;
}

function readRequest(reader: FieldReader): RouteRequest | undefined {
  const request: RouteRequest = {
    $typeName: 'portolan.v1.RouteRequest',
    layer: 0,
    byte: 0,
    trafficClass: 0,
    seqno: 0,
    distance: 0,
    bump: false,
    hopBudget: 0,
  };
  while (!reader.isAtEnd()) {
    const field = reader.tag();
    const value = reader.varint();
    if (field === REQUEST_LAYER) request.layer = value;
    else if (field === REQUEST_BYTE) request.byte = value;
    else if (field === REQUEST_CLASS) request.trafficClass = value;
    else if (field === REQUEST_SEQNO) request.seqno = value;
    else if (field === REQUEST_DISTANCE) request.distance = value;
    else if (field === REQUEST_BUMP) request.bump = value !== 0;
    else if (field === REQUEST_HOP_BUDGET) request.hopBudget = value;
    else return undefined;
  }
  return reader.failed ? undefined : request;
}

function readDigest(reader: FieldReader): Digest | undefined {
  const digest: Digest = { $typeName: 'portolan.v1.Digest', layers: [], lastNumber: 0 };
  while (!reader.isAtEnd()) {
    const field = reader.tag();
    if (field === DIGEST_LAYERS) {
      const list = reader.enter();
      while (!list.isAtEnd()) digest.layers.push(list.fixed32());
      if (list.failed) return undefined;
    } else if (field === DIGEST_LAST_NUMBER) digest.lastNumber = reader.varint();
    else return undefined;
  }
  return reader.failed ? undefined : digest;
}
