import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../../test/vectors/', import.meta.url);

/** One golden vector: what stands behind each name in its file. */
export interface Vector {
  readonly name: string;
  bytes(field: string): Uint8Array;
  number(field: string): number;
  has(field: string): boolean;
}

/** All golden vectors of `test/vectors`. */
export function readVectors(): Vector[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.vector'))
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      const fields = new Map<string, string>();
      for (const line of text.split('\n')) {
        const match = /^([a-z-]+): (.*)$/.exec(line);
        if (match) fields.set(match[1] as string, match[2] as string);
      }
      const field = (name: string) => {
        const value = fields.get(name);
        if (value === undefined) throw new Error(`${file} has no line ${name}`);
        return value;
      };
      return {
        name: file.replace(/\.vector$/, ''),
        bytes: (name) => Uint8Array.from(Buffer.from(field(name), 'hex')),
        number: (name) => Number(field(name)),
        has: (name) => fields.has(name),
      };
    });
}
