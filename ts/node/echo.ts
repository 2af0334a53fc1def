/**
 * Echo requests and what becomes of them: a reply, an error of a node on the way, or silence. `ping` and `trace` are made of these.
 *
 * A probe is known by the sequence number of its network header, which comes back in the reply and in an error's headers alike.
 */
import type { ErrorName } from '../control/io.js';
import type { NodeId } from '../kit/node-id.js';
import { type Headers, makeFrame, readHeaders } from '../wire/frame.js';
import { Protocol, type TrafficClassName, trafficClassOf } from '../wire/network-header.js';

/** The port that probes come from and go to; replies are known by their protocol, so nobody is bound to it. */
const ECHO_PORT = 7;

export interface ProbeOptions {
  readonly ttl?: number;
  /** Of the probe and of the reply. Default: low latency. */
  readonly class?: TrafficClassName | undefined;
  /** Bytes of payload. */
  readonly size: number;
  /** Milliseconds until a probe is given up. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

export type ProbeResult =
  | { readonly kind: 'reply'; readonly rttMs: number }
  | {
      readonly kind: 'error';
      readonly code: ErrorName;
      readonly reporter: NodeId;
      readonly rttMs: number;
      readonly labelled: boolean;
    }
  | { readonly kind: 'silence' };

interface Waiting {
  readonly destination: NodeId;
  readonly sentAt: number;
  readonly finish: (result: ProbeResult) => void;
}

export class EchoClient {
  readonly #self: NodeId;
  readonly #send: (frame: Uint8Array) => void;
  readonly #now: () => number;
  readonly #waiting = new Map<number, Waiting>();
  #sequence: number;
  #closed = false;

  /** `send` gives a packet to the packet path, `now` is its clock in ms; `firstSequence` tells probes of an earlier life of the id apart. */
  constructor(self: NodeId, send: (frame: Uint8Array) => void, now: () => number, firstSequence: number) {
    this.#self = self;
    this.#send = send;
    this.#now = now;
    this.#sequence = firstSequence;
  }

  /** Sends one probe. Rejects only when the signal is aborted, with its reason. */
  probe(destination: NodeId, { ttl, size, timeout, signal, class: name }: ProbeOptions): Promise<ProbeResult> {
    const trafficClass = trafficClassOf(name ?? 'lowLatency');
    signal?.throwIfAborted();
    if (this.#closed) return Promise.resolve({ kind: 'silence' });
    const sequence = this.#sequence++;
    return new Promise((resolve, reject) => {
      const finish = (result: ProbeResult) => {
        end();
        resolve(result);
      };
      const abort = () => {
        end();
        reject(signal?.reason);
      };
      const timer = setTimeout(finish, timeout, { kind: 'silence' });
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(sequence);
      };
      signal?.addEventListener('abort', abort);
      this.#waiting.set(sequence, { destination, sentAt: this.#now(), finish });
      this.#send(
        makeFrame(
          {
            ttl: ttl ?? 0, // 0: the packet path writes the usual one
            destination,
            source: this.#self,
            sourcePort: ECHO_PORT,
            destinationPort: ECHO_PORT,
            protocol: Protocol.EchoRequest,
            trafficClass,
            sequence,
          },
          new Uint8Array(size),
        ),
      );
    });
  }

  /** An echo reply for this node; `at`: when it was received. Answers to nobody's question are ignored. */
  handleReply(frame: Uint8Array, at: number): void {
    const headers = readHeaders(frame);
    if (typeof headers === 'string') return;
    const waiting = this.#waiting.get(headers.sequence);
    if (waiting?.destination === headers.source)
      waiting.finish({ kind: 'reply', rttMs: Math.max(0, at - waiting.sentAt) });
  }

  /** An error for a packet that this node had sent. Returns whether it was one of the probes. */
  handleError(code: ErrorName, reporter: NodeId, original: Headers, at: number): boolean {
    if (original.protocol !== Protocol.EchoRequest) return false;
    const waiting = this.#waiting.get(original.sequence);
    if (waiting?.destination === original.destination)
      waiting.finish({
        kind: 'error',
        code,
        reporter,
        rttMs: Math.max(0, at - waiting.sentAt),
        labelled: original.label !== 0,
      });
    return true;
  }

  /** Ends all probes as silence, those to come too: the node closes. */
  close(): void {
    this.#closed = true;
    for (const { finish } of this.#waiting.values()) finish({ kind: 'silence' });
  }
}
