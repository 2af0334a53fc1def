/**
 * Resolves the names of peers by the system's own resolver, so that /etc/hosts and the like count.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Job, JobResult } from '../control/io.js';

/** Does the control plane's job; never rejects. */
export async function resolvePeer(id: number, { scheme, host, port }: Job): Promise<JobResult> {
  const literal = isIP(host);
  if (literal === 4 || literal === 6) return { id, addresses: [{ scheme, family: literal, host, port }] };
  try {
    const found = await lookup(host, { all: true, verbatim: true });
    return {
      id,
      addresses: found.map((one) => ({ scheme, family: one.family === 6 ? 6 : 4, host: one.address, port })),
    };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
