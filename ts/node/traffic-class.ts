/** Traffic classes as people write them: `lowCost`, or `low-cost`. */
import { TRAFFIC_CLASS_NAMES, type TrafficClassName } from '../wire/network-header.js';
import { invalidOption } from './errors.js';

/** Reads the name of a class, with or without hyphens, in any case. */
export function parseTrafficClass(text: unknown, option: string): TrafficClassName {
  const plain = typeof text === 'string' ? text.replaceAll('-', '').toLowerCase() : undefined;
  const found = TRAFFIC_CLASS_NAMES.find((name) => name.toLowerCase() === plain);
  if (found === undefined) throw invalidOption(option, `one of the classes ${TRAFFIC_CLASS_NAMES.join(', ')}`, text);
  return found;
}

/** What stands behind a text as in `...?class=lowCost`, and the text without it; low latency where nothing does. */
export function classBehind(text: string, option: string): { rest: string; name: TrafficClassName } {
  const match = /^(.*)\?class=([^?&]*)$/.exec(text);
  if (!match) return { rest: text, name: 'lowLatency' };
  return { rest: match[1] as string, name: parseTrafficClass(match[2], option) };
}
