/** One TCP connection: what comes by it is cut into frames, what leaves by it queues behind it. */
import type { Socket } from 'node:net';
import { HELLO_FRAME_BYTES } from '../../wire/hello.js';
import { DataQueue } from './data-queue.js';
import { FrameSplitter, MAX_STREAM_FRAME_BYTES } from './frame-splitter.js';
import { type Chunks, OutQueue } from './out-queue.js';
import { SendWindow } from './send-window.js';

/** Of a stranger only handshake frames are expected, which are small: he cannot make this node keep more. */
const STRANGER_FRAME_BYTES = 2_048;

/** How long the other end may take to end its direction as well, ms: until then, what it had sent before still arrives. */
const END_PATIENCE_MS = 500;

/** The other end of a connection. */
export interface RemoteEnd {
  /** See `connectionKey`. */
  readonly key: string;
  /** A textual IP address. */
  readonly address: string;
  readonly port: number;
  /** The listening address that took it in; -1: this node dialed. */
  readonly socket: number;
}

/** Whoever deals with what comes by connections. */
export interface ConnectionEvents {
  /** Some bytes came: frames of them follow. */
  readonly onChunk: () => void;
  /** The frame in bytes `start` to `end`, which must not be kept. False: this stream is none of frames. */
  readonly onFrame: (connection: Connection, bytes: Uint8Array, start: number, end: number) => boolean;
  /** What comes is not made of frames. */
  readonly onGarbled: (connection: Connection) => void;
  /** It has ended, whoever ended it. */
  readonly onClose: (connection: Connection) => void;
}

export class Connection {
  readonly remote: RemoteEnd;
  readonly queue: OutQueue;
  /** Data that has to wait, and for how much there is room. */
  readonly data = new DataQueue();
  readonly window = new SendWindow();
  /** The last hello that left by it, of the session that we number so (0: none yet), and when it was last repeated. */
  readonly lastHello = new Uint8Array(HELLO_FRAME_BYTES);
  lastHelloOf = 0;
  askedAt = -Infinity;
  readonly openedAt: number;
  /** A frame of a session came by it: its sender has the keys. */
  isAuthentic = false;
  /** A link was seen to go over it. */
  hasCarried = false;
  readonly #socket: Socket;
  readonly #splitter: FrameSplitter;

  constructor(socket: Socket, remote: RemoteEnd, chunks: Chunks, now: number, events: ConnectionEvents) {
    this.remote = remote;
    this.openedAt = now;
    this.queue = new OutQueue(socket, chunks);
    this.#socket = socket;
    this.#splitter = new FrameSplitter(
      STRANGER_FRAME_BYTES,
      (bytes, start, end) => !socket.destroyed && events.onFrame(this, bytes, start, end),
    );
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      events.onChunk();
      if (!this.#splitter.push(chunk) && !socket.destroyed) events.onGarbled(this);
    });
    // What went wrong is nobody's to act on: 'close' follows, and the control plane dials again.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      chunks.lose(this.data.clear());
      events.onClose(this);
    });
  }

  /** The other end has proved that it has the keys of a session. */
  authenticated(): void {
    this.isAuthentic = true;
    this.#splitter.limit = MAX_STREAM_FRAME_BYTES;
  }

  get isConnecting(): boolean {
    return this.#socket.connecting;
  }

  /** Nothing leaves by it any more. */
  get isClosed(): boolean {
    return !this.#socket.writable;
  }

  /** Ends it now; what has not left is lost. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Ends it when what is queued has left, and what was under way has come: a socket that is closed with bytes unread loses them, and takes what the
   * other end has not read yet along.
   */
  end(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), END_PATIENCE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }
}
