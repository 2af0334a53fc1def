/** The least HTTP client that reaches a unix socket, for tests of the admin interface. */
import { request } from 'node:http';

export interface AdminAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly json: () => unknown;
}

/** `where`: a path, or an address as in `127.0.0.1:7080`. `onChunk` sees the body as it comes, and may return true to hang up. */
export function ask(
  where: string,
  method: string,
  path: string,
  body?: object,
  onChunk: (text: string) => boolean | void = () => undefined,
): Promise<AdminAnswer> {
  const [host, port] = where.split(':');
  const target = where.includes('/') ? { socketPath: where } : { host, port };
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      { ...target, method, path, agent: false, headers: payload ? { 'content-type': 'application/json' } : {} },
      (response) => {
        let text = '';
        const end = () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            text,
            json: () => JSON.parse(text),
          });
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (onChunk(chunk) === true) {
            end();
            response.destroy();
          }
        });
        response.on('end', end);
      },
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}
