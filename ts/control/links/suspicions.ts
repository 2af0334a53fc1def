import type { NodeId } from '../../kit/node-id.js';
import type { ControlMessage } from '../../wire/control.js';
import { TokenBuckets } from '../token-buckets.js';
import type { Sessions } from './sessions.js';

/** A node whose own way to the world fails loses many links at once, and has nobody to tell: rounds that it may begin, a second and at once. */
const TELL_RATE = 2;
const TELL_BURST = 8;
/** And what one neighbour may make us ask. */
const HEAR_RATE = 4;
const HEAR_BURST = 16;
const MOST_TELLERS = 256;

/**
 * Word of relays that have fallen silent. A link that carries data notices within 150 ms; one that is idle would take 1.5 s, and until then lead into the void what others
 * send around the dead node. So whoever notices tells its neighbours, each of which asks the suspect by its own link and believes only that (as in SWIM, Das, Gupta
 * and Motivala 2002, section 4.2, but nobody asks on behalf of others), and tells its own neighbours when it finds the same.
 */
export class Suspicions {
  readonly #sessions: Sessions;
  readonly #told = new TokenBuckets<'all'>(TELL_RATE, TELL_BURST, 1);
  readonly #heard = new TokenBuckets<NodeId>(HEAR_RATE, HEAR_BURST, MOST_TELLERS);

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  /** A link to a relay has fallen silent. */
  tell(suspect: NodeId, now: number): void {
    if (!this.#told.take('all', now)) return;
    const message: ControlMessage = { kind: 'suspicion', id: suspect };
    for (const session of this.#sessions.all())
      if (session.phase === 'ready' && !session.isOfLeaf && session.terms.peer !== suspect)
        session.sendControl(message);
  }

  hear(suspect: NodeId, teller: NodeId, now: number): void {
    if (this.#heard.take(teller, now)) this.#sessions.live(suspect)?.suspect(now);
  }
}
