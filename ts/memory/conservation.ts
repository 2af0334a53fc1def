/**
 * The law of conservation (counter-names.ts), for checkers: whatever a node has received or started, it tells what became of it, and whatever nodes
 * have sent to each other was received, or dropped by a kernel that says so.
 */
import { COUNTERS, type Counter } from './counter-names.js';

/** What all counters of a node say. */
export type Told = Readonly<Record<Counter, number>>;

/** Where frames come from, and what may become of them but for drops. */
const SOURCES = ['received', 'originated'] as const satisfies readonly Counter[];
const FATES = [
  'sent',
  'delivered',
  'echoed',
  'hellosAnswered',
  'hellosHeard',
  'punted',
  'joined',
] as const satisfies readonly Counter[];

const DROPS = COUNTERS.filter(({ kind }) => kind === 'drop').map(({ name }) => name);

/** All that the node has dropped. */
export const dropsOf = (told: Told): number => sumOf(told, DROPS);

/** All that came to a node: from the network, and what it started itself. */
export const startedBy = (told: Told): number => sumOf(told, SOURCES);

/**
 * Frames of which the node has not yet told what became of them: those in hand. 0 when nothing is; anything else then is a frame that was lost, or
 * told of twice (below 0).
 */
export function inHand(told: Told): number {
  return startedBy(told) - sumOf(told, FATES) - dropsOf(told);
}

/** Frames that nodes, linked with each other alone, have sent and none has received: on the wire, or lost. */
export function onTheWire(nodes: readonly Told[]): number {
  return nodes.reduce((sum, { sent, received, socketOverflows }) => sum + sent - received - socketOverflows, 0);
}

const sumOf = (told: Told, names: readonly Counter[]): number => names.reduce((sum, name) => sum + told[name], 0);
