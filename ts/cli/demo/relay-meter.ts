/**
 * Which relay the packets take, and what one costs it: CPU time of its process (all threads, from /proc) over the packets that it
 * passed on. Told from the relays' own counters, for the source's table may change its mind between two looks.
 */
import { cpuNanoseconds } from '../../../bench/lib/cpu-time.js';
import type { StatusReport } from '../../node/admin.types.js';
import type { NodeProcess } from '../processes/node-process.js';

export interface RelayUse {
  /** The relay that passed on the most packets since the last look. */
  readonly relay: NodeProcess;
  readonly forwarded: number;
  /** Microseconds; undefined when nothing passed, and where there is no /proc. */
  readonly microsPerPacket: number | undefined;
}

interface Reading {
  readonly nanoseconds: number | undefined;
  readonly forwarded: number;
}

export class RelayMeter {
  readonly #relays: readonly NodeProcess[];
  #before: readonly Reading[] = [];

  constructor(relays: readonly NodeProcess[]) {
    this.#relays = relays;
  }

  /** What happened since the last look; undefined at the first. */
  async look(): Promise<RelayUse | undefined> {
    const before = this.#before;
    const now = await Promise.all(this.#relays.map(read));
    this.#before = now;
    const uses = this.#relays.flatMap((relay, index) => {
      const earlier = before[index];
      const later = now[index];
      return earlier && later ? [useBetween(relay, earlier, later)] : [];
    });
    return uses.sort((a, b) => b.forwarded - a.forwarded)[0];
  }
}

function useBetween(relay: NodeProcess, before: Reading, now: Reading): RelayUse {
  const forwarded = now.forwarded - before.forwarded;
  const isMeasured = forwarded > 0 && now.nanoseconds !== undefined && before.nanoseconds !== undefined;
  const microsPerPacket = isMeasured
    ? ((now.nanoseconds ?? 0) - (before.nanoseconds ?? 0)) / 1000 / forwarded
    : undefined;
  return { relay, forwarded, microsPerPacket };
}

async function read(relay: NodeProcess): Promise<Reading> {
  const { counters } = await relay.admin.get<StatusReport>('/status');
  return { nanoseconds: cpuOf(relay.pid), forwarded: counters.forwarded };
}

function cpuOf(pid: number): number | undefined {
  try {
    return cpuNanoseconds(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // not Linux
    throw error;
  }
}
