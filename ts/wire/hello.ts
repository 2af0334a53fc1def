/**
 * Hellos: how the two ends of a link tell that it lives, how long a round trip takes and how much is lost.
 *
 * Both ends send them unasked, as in BFD (RFC 5880): workers answer each one at once with the `reply` flag set, so that a busy
 * control thread takes nothing down. A reply is not answered, nor is a quiet hello: most of those of idle links are. The payload has a fixed layout, so that answering allocates
 * nothing; what follows the 56 bytes is padding: a padded hello is a probe of the MTU, and its reply, which is not padded, says how long the
 * probe was.
 *
 * ```
 *  0       flags: 1 reply, 2 fast interval confirmed, 4 quiet: no answer is wanted     1    zero
 *  2-3     probes of the MTU that the sender has given up for lost on this session, modulo 65 536: they are no loss of the link
 *  4-7     sequence of this hello; a reply repeats it
 *  8-11    interval at which the sender sends hellos, ms
 * 12-15    the interval that the sender last heard from the receiver, ms (0: none yet)
 * 16-23    sender's clock when it sent, µs (the other end only compares it with that of other hellos of the session); a reply repeats the asker's
 * 24-31    counter of the last frame that the sender has received on this session, 64 bits
 * 32-39    how many frames the sender has received on this session, 64 bits
 * 40-47    how many frames the sender has sent on this session before this one, 64 bits
 * 48-51   reply: how long the asker's hello waited here, µs
 * 52-55   reply: how long the asker's frame was, bytes
 * ```
 */
import { HEADERS_BYTES } from './network-header.js';

/** Milliseconds between the hellos of a link that carries no data; whoever sends them less often (leaves) carries none either. */
export const IDLE_INTERVAL = 500;

export const HELLO_BYTES = 56;
export const HELLO_FRAME_BYTES = HEADERS_BYTES + HELLO_BYTES;

export const HELLO_FLAG_REPLY = 1;
export const HELLO_FLAG_FAST_CONFIRMED = 2;
export const HELLO_FLAG_QUIET = 4;

export const HELLO_FLAGS = 0;
export const HELLO_PROBES_LOST = 2;
export const HELLO_SEQUENCE = 4;
export const HELLO_INTERVAL = 8;
export const HELLO_HEARD_INTERVAL = 12;
export const HELLO_CLOCK = 16;
export const HELLO_LAST_COUNTER = 24;
export const HELLO_RECEIVED = 32;
export const HELLO_SENT = 40;
export const HELLO_HELD = 48;
export const HELLO_SIZE = 52;

/** A hello as a value, for the control plane; workers touch the bytes only. 64-bit fields are exact up to 2^53. */
export interface Hello {
  readonly reply: boolean;
  readonly fastConfirmed: boolean;
  /** No answer is wanted, and it says nothing new. */
  readonly quiet: boolean;
  /** Modulo 65 536. */
  readonly probesLost: number;
  readonly sequence: number;
  /** Milliseconds. */
  readonly interval: number;
  /** Milliseconds; 0 when the sender has heard none yet. */
  readonly heardInterval: number;
  /** Microseconds on the clock of whoever sent the hello (in a reply: of the asker). */
  readonly clock: number;
  readonly lastCounter: number;
  readonly received: number;
  readonly sent: number;
  /** Microseconds. */
  readonly held: number;
  /** Bytes of the asker's frame; 0 in hellos that are no replies. */
  readonly size: number;
}

/** Writes `hello` at the start of `payload`, which must hold at least {@link HELLO_BYTES}. */
export function writeHello(payload: Uint8Array, hello: Hello): void {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const flags =
    (hello.reply ? HELLO_FLAG_REPLY : 0) |
    (hello.fastConfirmed ? HELLO_FLAG_FAST_CONFIRMED : 0) |
    (hello.quiet ? HELLO_FLAG_QUIET : 0);
  view.setUint32(HELLO_FLAGS, flags << 24);
  view.setUint16(HELLO_PROBES_LOST, hello.probesLost);
  view.setUint32(HELLO_SEQUENCE, hello.sequence);
  view.setUint32(HELLO_INTERVAL, hello.interval);
  view.setUint32(HELLO_HEARD_INTERVAL, hello.heardInterval);
  setUint64(view, HELLO_CLOCK, hello.clock);
  setUint64(view, HELLO_LAST_COUNTER, hello.lastCounter);
  setUint64(view, HELLO_RECEIVED, hello.received);
  setUint64(view, HELLO_SENT, hello.sent);
  view.setUint32(HELLO_HELD, hello.held);
  view.setUint32(HELLO_SIZE, hello.size);
}

/** Reads a hello; `undefined` when the payload is too short. */
export function readHello(payload: Uint8Array): Hello | undefined {
  if (payload.byteLength < HELLO_BYTES) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const flags = view.getUint8(HELLO_FLAGS);
  return {
    reply: (flags & HELLO_FLAG_REPLY) !== 0,
    fastConfirmed: (flags & HELLO_FLAG_FAST_CONFIRMED) !== 0,
    quiet: (flags & HELLO_FLAG_QUIET) !== 0,
    probesLost: view.getUint16(HELLO_PROBES_LOST),
    sequence: view.getUint32(HELLO_SEQUENCE),
    interval: view.getUint32(HELLO_INTERVAL),
    heardInterval: view.getUint32(HELLO_HEARD_INTERVAL),
    clock: getUint64(view, HELLO_CLOCK),
    lastCounter: getUint64(view, HELLO_LAST_COUNTER),
    received: getUint64(view, HELLO_RECEIVED),
    sent: getUint64(view, HELLO_SENT),
    held: view.getUint32(HELLO_HELD),
    size: view.getUint32(HELLO_SIZE),
  };
}

function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / 0x1_0000_0000));
  view.setUint32(offset + 4, value >>> 0);
}

function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4);
}
