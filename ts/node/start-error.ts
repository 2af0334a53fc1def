/** Errors of the operating system when something is opened, as errors of this package. */
import { type ErrorCode, PortolanError } from './errors.js';

const CODES: Readonly<Record<string, ErrorCode>> = {
  EADDRINUSE: 'ADDRESS_IN_USE',
  EADDRNOTAVAIL: 'ADDRESS_UNAVAILABLE',
  EACCES: 'ADDRESS_UNAVAILABLE',
  EAFNOSUPPORT: 'ADDRESS_UNAVAILABLE',
  ENOTFOUND: 'ADDRESS_UNAVAILABLE',
  EINVAL: 'ADDRESS_UNAVAILABLE',
};

/** `code` as the system names it, as in EADDRINUSE; `message` says what was tried. */
export function startError(code: string, message: string, option?: string): PortolanError {
  return new PortolanError(CODES[code] ?? 'WORKER_FAILED', message, option === undefined ? {} : { option });
}
