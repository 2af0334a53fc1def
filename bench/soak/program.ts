/** The programs at both ends of a port forward: a client that sends at a steady rate, and a service that answers. Both count. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { kernelDrops } from './proc.js';

/** Milliseconds from one burst of the client to the next, and its datagrams. */
const BURST_EVERY_MS = 20;
const BURST = 4;
/** Of a datagram's payload, nearly: more than a link carries, so that it is cut and put together. */
const LARGEST = 4000;
const RECEIVE_BUFFER_BYTES = 1 << 20;

export class Program {
  sent = 0;
  received = 0;
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', () => this.received++);
    // The node's port may be closed while its worker is replaced: a program over UDP goes on.
    socket.on('error', () => this.refused++);
  }

  /** Errors of the socket. */
  refused = 0;

  static async open(): Promise<Program> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Program(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Answers whatever comes. */
  answer(): void {
    this.#socket.on('message', (message, { port, address }) => {
      this.sent++;
      this.#socket.send(message, port, address);
    });
  }

  /** Sends datagrams of several sizes to a port of this machine until {@link pause}. */
  send(port: number): void {
    this.pause();
    this.#timer = setInterval(() => {
      for (let i = 0; i < BURST; i++)
        this.#socket.send(new Uint8Array(64 + ((this.sent++ * 211) % LARGEST)), port, '127.0.0.1');
    }, BURST_EVERY_MS);
  }

  pause(): void {
    clearInterval(this.#timer);
  }

  /** What was handed to the program since its start: taken by it, or dropped by the kernel because it was slow. */
  handed(): number {
    return this.received + kernelDrops(this.port);
  }

  close(): void {
    this.pause();
    this.#socket.close();
  }
}
