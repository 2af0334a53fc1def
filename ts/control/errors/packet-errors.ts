import type { NodeId } from '../../kit/node-id.js';
import { decodeError, type ErrorName, encodeError } from '../../wire/error-payload.js';
import { type Headers, makeFrame, readHeaders } from '../../wire/frame.js';
import { FrameType } from '../../wire/link-header.js';
import { HEADERS_BYTES, Protocol } from '../../wire/network-header.js';
import type { PuntedPacket } from '../io.js';
import type { Outbox } from '../outbox.js';
import type { Timer, TimerQueue } from '../timer-queue.js';
import { TokenBuckets } from '../token-buckets.js';
import { PathMtuBook } from './path-mtu-book.js';

/** Errors a second, and saved up, that one source gets; a trace asks each node for at most three. */
const SOURCE_RATE = 10;
const SOURCE_BURST = 20;
/** Sources that are told apart; beyond that, the limit of the whole node holds. */
const MAX_SOURCES = 1024;
const NODE_RATE = 500;
const NODE_BURST = 1000;

/** Only these are answered by errors: never an error, nothing of a channel, nothing between the ends of one link. */
const ANSWERED: ReadonlySet<number> = new Set([
  Protocol.Datagram,
  Protocol.EchoRequest,
  Protocol.EchoReply,
  Protocol.Fragment,
  Protocol.Ip,
]);

/** The node `at` (0: this one) had no route for a packet that started here. */
export type UnreachableListener = (destination: NodeId, trafficClass: number, at: NodeId, now: number) => void;

/**
 * Errors about packets, both ways: tells a packet's source what went wrong with it here, within limits; and reads what others tell about
 * packets of ours.
 */
export class PacketErrors {
  readonly #self: NodeId;
  readonly #outbox: Outbox;
  readonly #sources = new TokenBuckets<NodeId>(SOURCE_RATE, SOURCE_BURST, MAX_SOURCES);
  readonly #node = new TokenBuckets<0>(NODE_RATE, NODE_BURST, 1);
  readonly #paths: PathMtuBook;
  readonly #onUnreachable: UnreachableListener;

  constructor(self: NodeId, outbox: Outbox, deadlines: TimerQueue<Timer>, onUnreachable: UnreachableListener) {
    this.#self = self;
    this.#outbox = outbox;
    this.#onUnreachable = onUnreachable;
    this.#paths = new PathMtuBook(outbox, deadlines);
  }

  handlePacket({ reason, frame, limit = 0, receivedAt = Infinity }: PuntedPacket, now: number): void {
    const headers = readHeaders(frame);
    if (typeof headers === 'string' || headers.type !== FrameType.Data) this.#outbox.count('controlMalformed');
    else if (reason === 'error') this.#heard(headers, frame, Math.min(receivedAt, now), now);
    else this.#report(reason, headers, frame, Math.max(0, limit - HEADERS_BYTES), now);
  }

  /** Tells the source of the packet; `limit`: what payload would have passed, bytes. */
  #report(code: ErrorName, headers: Headers, frame: Uint8Array, limit: number, now: number): void {
    const { source, sourcePort, destinationPort, trafficClass, protocol } = headers;
    if (!ANSWERED.has(protocol) || source === 0) return;
    if (source === this.#self) {
      if (code === 'noRoute') this.#onUnreachable(headers.destination, trafficClass, 0, now);
      this.#tell(code, this.#self, headers, now);
      return;
    }
    if (!this.#sources.take(source, now) || !this.#node.take(0, now)) {
      this.#outbox.count('errorLimited');
      return;
    }
    const answer = makeFrame(
      {
        type: FrameType.Data,
        protocol: Protocol.Error,
        source: this.#self,
        sourcePort: destinationPort,
        destination: source,
        destinationPort: sourcePort,
        trafficClass,
      },
      encodeError(code, frame, limit),
    );
    this.#outbox.push({ kind: 'sendPacket', frame: answer });
  }

  /** Somebody tells us. That the packet was ours is what its headers say; what else they say is for whoever sent it to check. */
  #heard(headers: Headers, frame: Uint8Array, receivedAt: number, now: number): void {
    const error = decodeError(frame.subarray(HEADERS_BYTES));
    if (headers.protocol !== Protocol.Error || error === 'malformed' || error.headers.source !== this.#self)
      this.#outbox.count('controlMalformed');
    else {
      const { destination, trafficClass } = error.headers;
      if (error.code === 'tooBig') this.#paths.learn(destination, error.limit, now);
      if (error.code === 'noRoute') this.#onUnreachable(destination, trafficClass, headers.source, now);
      this.#tell(error.code, headers.source, error.headers, receivedAt);
    }
  }

  #tell(code: ErrorName, reporter: NodeId, headers: Headers, receivedAt: number): void {
    this.#outbox.event({ type: 'packetError', code, reporter, headers, receivedAt });
  }
}
