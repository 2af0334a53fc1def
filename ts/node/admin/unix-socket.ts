/**
 * The path of the admin socket: its directory is made, a socket that a dead node left behind is removed, a live one is left alone.
 */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { PortolanError } from '../errors.js';

/** The kernel's limit on a socket's path (sun_path), less the zero at its end. */
const MAX_PATH_BYTES = 107;

/** Makes `path` free to listen at. Throws ADMIN_IN_USE when somebody answers there, or when something else than a socket lies there. */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new PortolanError(
      'INVALID_OPTION',
      `admin: the path of a unix socket has at most ${MAX_PATH_BYTES} bytes: ${path}`,
      {
        option: 'admin',
      },
    );
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new PortolanError('ADMIN_IN_USE', `admin: ${path} is there already and is no socket`, { option: 'admin' });
  if (await answers(path))
    throw new PortolanError('ADMIN_IN_USE', `admin: another node answers at ${path}; stop it, or choose another path`, {
      option: 'admin',
    });
  await unlink(path);
}

/** Only this user may connect. */
export async function restrict(path: string): Promise<void> {
  await chmod(path, 0o600);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}
