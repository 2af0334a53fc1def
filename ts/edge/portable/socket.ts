/**
 * One dgram socket, opened at once: with an IP address and a `lookup` that answers by itself, `bind` of dgram is synchronous, and no name is
 * ever looked up a packet.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';

/** Asked of the kernel, which may give less: a few milliseconds at full rate. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Binds `host:port` (0: any free port). Throws an Error with a `code`, as in EADDRINUSE. `onError` hears of errors that
 * come later; the socket goes on.
 */
export function openSocket(
  host: string,
  port: number,
  onMessage: (message: Uint8Array, from: RemoteInfo) => void,
  onError: (error: Error) => void,
): Socket {
  const family = isIP(host);
  if (family === 0) throw Object.assign(new Error(`${host} is not an IP address`), { code: 'EINVAL' });
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    lookup: (name, _options, done) => done(null, name, family),
  });
  let failure: Error | undefined;
  const remember = (error: Error) => {
    failure = error;
  };
  socket.on('error', remember);
  socket.bind(port, host);
  if (failure) {
    socket.close();
    throw failure;
  }
  socket.off('error', remember);
  socket.on('error', onError);
  socket.on('message', onMessage);
  growBuffers(socket, onError);
  return socket;
}

function growBuffers(socket: Socket, onError: (error: Error) => void): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
  } catch (error) {
    onError(error as Error); // a smaller buffer works too
  }
}
