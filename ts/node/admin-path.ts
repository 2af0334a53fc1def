/**
 * Where the admin interfaces of this machine's nodes are: a unix socket a node, named after its id, in one directory a user. So the
 * commands find the local nodes by listing it.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The directory of this user's admin sockets; `PORTOLAN_RUNTIME_DIR` moves it. It is private (0700): whoever opens it creates it so. */
export function adminDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env['PORTOLAN_RUNTIME_DIR']) return env['PORTOLAN_RUNTIME_DIR'];
  if (env['XDG_RUNTIME_DIR']) return join(env['XDG_RUNTIME_DIR'], 'portolan');
  return join(tmpdir(), `portolan-${process.getuid?.() ?? 'user'}`);
}

/** The admin socket of the node `id` (as text) unless its configuration says otherwise. */
export function defaultAdminPath(id: string, env: NodeJS.ProcessEnv = process.env): string {
  return join(adminDirectory(env), `${id}.sock`);
}
