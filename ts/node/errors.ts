/**
 * What can go wrong in a node, as one class with a code. Codes are stable: programs switch on them.
 */
export const ERROR_CODES = {
  INVALID_OPTION: 'An option or argument is not what was expected; `option` names it.',
  ADDRESS_IN_USE: 'Another program (or another node) listens at an address that this node is to listen at.',
  ADDRESS_UNAVAILABLE: 'The machine has no such address to listen at, or it may not be used.',
  ADMIN_IN_USE: 'Another live node answers at the path or address of the admin interface.',
  PORT_IN_USE: 'The virtual port is bound already.',
  NO_FREE_PORT: 'All virtual ports are in use.',
  NATIVE_UNAVAILABLE: 'The native packet path was asked for and cannot run here.',
  WORKER_FAILED: 'A worker could not start.',
  TOO_BIG:
    'The payload is larger than a datagram carries; or a packet was larger than a link on its way, and the next ones will be smaller.',
  CLOSED: 'The node or the socket is closed.',
  TTL_EXCEEDED: 'A datagram was passed on too often and died on its way.',
  NO_ROUTE: 'A node on the way, or this one, knows no way to the destination.',
  NO_PATH: 'No path to the destination keeps to the limits; the message says what came closest.',
  PORT_UNREACHABLE: 'Nobody listens at that port of the destination.',
  PROHIBITED: 'A node on the way does not let such datagrams pass.',
  FAULT_REFUSED: 'A fault was to be injected and the node does not allow it.',
} as const;

/** The code of a {@link PortolanError}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Every error that this package throws or emits by intention. */
export class PortolanError extends Error {
  override readonly name = 'PortolanError';
  readonly code: ErrorCode;
  /** For INVALID_OPTION and the errors of an address: which option, as in `peers[0]`. */
  readonly option: string | undefined;

  constructor(code: ErrorCode, message: string, details: { option?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.option = details.option;
  }
}

/** The error of an option: says which, what was expected and what came. */
export function invalidOption(option: string, expected: string, got: unknown): PortolanError {
  return new PortolanError('INVALID_OPTION', `${option}: expected ${expected}, got ${describe(got)}`, { option });
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined)
    return String(value);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  return Array.isArray(value) ? `an array of ${value.length}` : `a value of type ${typeof value}`;
}
