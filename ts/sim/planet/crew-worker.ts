/**
 * Seats of a crew (crew.ts): each thread has a port to each other one, and a word in shared memory, which counts what was posted to it and on which it
 * sleeps.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { invariant } from '../../kit/assert.js';
import type { Crew } from './crew.js';

/** What a thread of a crew needs; goes to it by message. */
export interface CrewSeat {
  readonly me: number;
  /** By thread; none to itself. */
  readonly ports: readonly (MessagePort | undefined)[];
  /** A word a thread: how many messages were posted to it. */
  readonly posted: Int32Array<SharedArrayBuffer>;
}

/** Seats for so many threads. */
export function crewSeats(size: number): CrewSeat[] {
  const posted = new Int32Array(new SharedArrayBuffer(4 * size));
  const ports = Array.from({ length: size }, () =>
    Array.from({ length: size }, (): MessagePort | undefined => undefined),
  );
  for (let a = 0; a < size; a++)
    for (let b = a + 1; b < size; b++) {
      const { port1, port2 } = new MessageChannel();
      (ports[a] as (MessagePort | undefined)[])[b] = port1;
      (ports[b] as (MessagePort | undefined)[])[a] = port2;
    }
  return ports.map((own, me) => ({ me, ports: own, posted }));
}

export function takeSeat({ me, ports, posted }: CrewSeat): Crew {
  const receive = (from: MessagePort): unknown => {
    for (;;) {
      const seen = Atomics.load(posted, me);
      const received = receiveMessageOnPort(from);
      if (received) return received.message;
      Atomics.wait(posted, me, seen); // posted since then: it returns at once
    }
  };
  return {
    me,
    size: ports.length,
    gather<T>(mine: T): T[] {
      ports.forEach((port, other) => {
        port?.postMessage(mine);
        Atomics.add(posted, other, 1);
        Atomics.notify(posted, other);
      });
      return ports.map((port, other) => {
        if (other === me) return mine;
        invariant(port !== undefined, 'a thread has a port to each other one');
        return receive(port) as T;
      });
    },
  };
}
