/** Carries out a schedule of faults, and mends everything at the end. */
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import type { Channel } from './channel.js';
import type { EventQueue } from './event-queue.js';
import type { Fault } from './faults.js';
import type { Wire } from './network.js';

/** A node that leaves politely is gone after so long, ms: less than it stays away at least. */
export const LEAVE_MS = 20;

/** What faults are done to. */
export interface FaultTarget {
  readonly queue: EventQueue;
  /** In the order of the topology's edges. */
  readonly wires: readonly Wire[];
  crash(id: NodeId): void;
  /** Says goodbye, and is gone within {@link LEAVE_MS}. */
  leave(id: NodeId): void;
  restart(id: NodeId): void;
  isAlive(id: NodeId): boolean;
  note(node: NodeId | undefined, what: string): void;
}

export class FaultInjector {
  readonly #target: FaultTarget;
  /** Those that will come back. */
  readonly #crashed = new Set<NodeId>();
  #healed = false;

  constructor(target: FaultTarget) {
    this.#target = target;
  }

  schedule(faults: readonly Fault[]): void {
    for (const fault of faults) this.#target.queue.at(fault.time, () => this.#begin(fault));
  }

  /** Everything works again, but for the changed delays and the nodes that died for good. */
  heal(): void {
    this.#healed = true;
    for (const wire of this.#target.wires) {
      wire.ab.heal();
      wire.ba.heal();
    }
    for (const id of this.#crashed) this.#restart(id); // which takes it out of the set: allowed while iterating
    this.#target.note(undefined, 'all faults are over');
  }

  #begin(fault: Fault): void {
    const { wires } = this.#target;
    const note = (text: string) => this.#target.note(undefined, text);
    const end = (mend: () => void) => {
      this.#target.queue.at(fault.time + fault.duration, () => {
        if (!this.#healed) mend();
      });
    };
    switch (fault.kind) {
      case 'flap':
        note(`cut ${this.#wireName(fault.wire)} for ${ms(fault.duration)}`);
        return this.#cut(this.#both([fault.wire]), end);
      case 'oneWay': {
        const { a, b, ab, ba } = wires[fault.wire] as Wire;
        const [from, to] = fault.forward ? [a, b] : [b, a];
        note(`cut ${formatNodeId(from)} -> ${formatNodeId(to)} one way for ${ms(fault.duration)}`);
        return this.#cut([fault.forward ? ab : ba], end);
      }
      case 'partition': {
        const crossing = wires.filter(({ a, b }) => fault.side.has(a) !== fault.side.has(b));
        note(`partition: ${crossing.length} wires cut for ${ms(fault.duration)}`);
        return this.#cut(
          crossing.flatMap(({ ab, ba }) => [ab, ba]),
          end,
        );
      }
      case 'crash':
        return this.#crash(fault, end);
      case 'delay': {
        note(`delay of ${this.#wireName(fault.wire)} x ${fault.factor.toFixed(2)}`);
        for (const channel of this.#both([fault.wire])) {
          const delay = Math.min(400, channel.base.delay * fault.factor);
          channel.base = { ...channel.base, delay };
          channel.model = { ...channel.model, delay };
        }
        return;
      }
      case 'loss':
        note(`loss of ${(100 * fault.loss).toFixed(0)} % on ${fault.wires.length} wires for ${ms(fault.duration)}`);
        return this.#spoil(this.#both(fault.wires), { loss: fault.loss }, { loss: 0 }, end);
      case 'reorder':
        note(`reordering to ${ms(fault.detour)} on ${fault.wires.length} wires for ${ms(fault.duration)}`);
        return this.#spoil(this.#both(fault.wires), { reorder: 0.5, detour: fault.detour }, { reorder: 0 }, end);
      case 'duplicate':
        note(`duplicates on ${fault.wires.length} wires for ${ms(fault.duration)}`);
        return this.#spoil(this.#both(fault.wires), { duplicate: fault.probability }, { duplicate: 0 }, end);
      case 'squeeze':
        note(`${(8 * fault.bandwidth).toFixed(0)} kbit/s on ${this.#wireName(fault.wire)} for ${ms(fault.duration)}`);
        return this.#spoil(this.#both([fault.wire]), { bandwidth: fault.bandwidth }, { bandwidth: Infinity }, end);
    }
  }

  #cut(channels: readonly Channel[], end: (mend: () => void) => void): void {
    for (const channel of channels) channel.cuts++;
    end(() => {
      for (const channel of channels) channel.cuts--;
    });
  }

  #spoil(
    channels: readonly Channel[],
    change: Partial<Channel['model']>,
    back: Partial<Channel['model']>,
    end: (mend: () => void) => void,
  ): void {
    for (const channel of channels) channel.model = { ...channel.model, ...change };
    end(() => {
      for (const channel of channels) channel.model = { ...channel.model, ...back };
    });
  }

  #crash({ node: id, duration, polite }: Fault & { kind: 'crash' }, end: (mend: () => void) => void): void {
    if (!this.#target.isAlive(id) || this.#crashed.has(id)) return;
    const what = polite ? 'says goodbye and leaves' : 'crashes';
    this.#target.note(id, `${what} for ${duration === Infinity ? 'good' : ms(duration)}`);
    if (polite) this.#target.leave(id);
    else this.#target.crash(id);
    if (duration === Infinity) return;
    this.#crashed.add(id);
    end(() => this.#restart(id));
  }

  #restart(id: NodeId): void {
    this.#crashed.delete(id);
    this.#target.note(id, 'restarts');
    this.#target.restart(id);
  }

  #both(wires: readonly number[]): Channel[] {
    return wires.flatMap((index) => {
      const { ab, ba } = this.#target.wires[index] as Wire;
      return [ab, ba];
    });
  }

  #wireName(index: number): string {
    const { a, b } = this.#target.wires[index] as Wire;
    return `${formatNodeId(a)} - ${formatNodeId(b)}`;
  }
}

function ms(duration: number): string {
  return `${duration.toFixed(0)} ms`;
}
