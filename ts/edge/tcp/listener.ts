/** A listening address: bound when `listening` resolves, and until it is closed. */
import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net';

export class Listener {
  /** Rejects with an Error that has a `code`, as in EADDRINUSE. */
  readonly listening: Promise<void>;
  readonly #server: Server;

  /** `onWarning` hears of errors that come later (no descriptors are left, for instance); it goes on listening. */
  constructor(host: string, port: number, onConnection: (socket: Socket) => void, onWarning: (error: Error) => void) {
    this.#server = createServer({ noDelay: true }, onConnection);
    this.listening = new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.once('listening', () => {
        this.#server.off('error', reject);
        this.#server.on('error', onWarning);
        resolve();
      });
    });
    this.#server.listen({ host, port, ipv6Only: isIP(host) === 6 });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  close(): void {
    this.#server.close();
  }
}
