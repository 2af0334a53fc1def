/**
 * Network namespaces for tests: a device with an MTU of its own, or whose frames wait, cannot be had on the machine's own loopback.
 */
import { execFileSync, spawnSync } from 'node:child_process';

const MARK = 'PORTOLAN_TEST_NAMESPACE';

export const isInside = process.env[MARK] === '1';

/** Why no namespace can be made here; undefined when it can. */
export function namespaceProblem(): string | undefined {
  const { status, stderr, error } = spawnSync('unshare', ['-rn', 'ip', 'link', 'add', 'v0', 'type', 'veth'], {
    encoding: 'utf8',
  });
  if (error) return error.message;
  return status === 0 ? undefined : stderr.trim() || `unshare ended with ${status}`;
}

/** Runs a test file inside a namespace; its output. Throws, with the output, when a test fails. */
export function runInside(file: string): string {
  const { status, stdout, stderr } = spawnSync('unshare', ['-rn', process.execPath, '--enable-source-maps', file], {
    encoding: 'utf8',
    env: { ...process.env, [MARK]: '1' },
  });
  if (status !== 0) throw new Error(`it ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs `ip` with the words of `command`. */
export function ip(command: string): void {
  execFileSync('ip', command.split(' '), { stdio: 'pipe' });
}
