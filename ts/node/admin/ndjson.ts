/** Answers that come line by line, a JSON value each. */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Lines that wait for a client that does not read; then it is cut off. */
const MAX_WAITING_BYTES = 1 << 20;

export interface LineWriter {
  readonly write: (value: unknown) => void;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** Runs `produce`, which writes lines, and ends the answer after it. What it throws becomes the last line, as `{error}`. */
export async function streamLines(
  request: FastifyRequest,
  reply: FastifyReply,
  produce: (out: LineWriter) => Promise<unknown>,
): Promise<void> {
  const gone = new AbortController();
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  raw.flushHeaders();
  request.raw.socket.once('close', () => gone.abort());
  const write = (value: unknown) => {
    if (gone.signal.aborted) return;
    raw.write(`${JSON.stringify(value)}\n`);
    if (raw.writableLength > MAX_WAITING_BYTES) raw.destroy();
  };
  try {
    await produce({ write, signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) write({ error: error instanceof Error ? error.message : String(error) });
  }
  raw.end();
}
