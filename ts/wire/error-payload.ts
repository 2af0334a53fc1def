/**
 * The payload of error packets (protocol Error): what went wrong with a packet, told to its source by the node named in the error's own
 * source field. Total: any bytes yield an error or `malformed`.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------+---------------+-------------------------------+
 * |     code      |       0       |  too big: payload that passes |  0
 * +---------------+---------------+-------------------------------+
 * |                               0                               |  4
 * +---------------------------------------------------------------+
 * |  both headers of the packet, 48 bytes, as they came to the    |  8
 * :  node that reports                                            :
 * +---------------------------------------------------------------+ 56
 * ```
 */
import { type Headers, readHeaders } from './frame.js';
import { HEADERS_BYTES } from './network-header.js';

export const ERROR_BYTES = 8 + HEADERS_BYTES;

/** The codes of errors. */
export const ErrorCode = { ttlExceeded: 1, noRoute: 2, portUnreachable: 3, tooBig: 4, prohibited: 5 } as const;
export type ErrorName = keyof typeof ErrorCode;

const CODE = 0;
const LIMIT = 2;
const OFFENDER = 8;

export interface PacketError {
  readonly code: ErrorName;
  /** Too big: the payload that would pass, bytes (0: not said). Otherwise 0. */
  readonly limit: number;
  /** The packet's headers, as they came to the reporter. */
  readonly headers: Headers;
}

/** Writes the payload about `packet`, which starts with both headers. */
export function encodeError(code: ErrorName, packet: Uint8Array, limit = 0): Uint8Array {
  const payload = new Uint8Array(ERROR_BYTES);
  payload[CODE] = ErrorCode[code];
  new DataView(payload.buffer).setUint16(LIMIT, limit);
  payload.set(packet.subarray(0, HEADERS_BYTES), OFFENDER);
  return payload;
}

export function decodeError(payload: Uint8Array): PacketError | 'malformed' {
  if (payload.byteLength < ERROR_BYTES) return 'malformed';
  const code = (Object.keys(ErrorCode) as ErrorName[]).find((name) => ErrorCode[name] === payload[CODE]);
  const headers = readHeaders(payload.subarray(OFFENDER, ERROR_BYTES));
  if (code === undefined || typeof headers === 'string') return 'malformed';
  const limit = new DataView(payload.buffer, payload.byteOffset).getUint16(LIMIT);
  return { code, limit, headers };
}
