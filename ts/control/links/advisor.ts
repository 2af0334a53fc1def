import type { NodeId } from '../../kit/node-id.js';
import type { DialPurpose, ProbeReplyMessage } from '../../wire/handshake.js';
import type { LinkProblem } from '../io.js';

/** Who decides about links that nobody has configured. */
export interface LinkAdvisor {
  /** Whether a relay that nobody here has configured or chosen may have a link; it has none yet. */
  admits(id: NodeId, purpose: DialPurpose, now: number): boolean;
  /** A peer that was chosen cannot be dialed, as it seems. */
  dialFailed(id: NodeId, problem: LinkProblem, now: number): void;
  handleProbeReply(reply: ProbeReplyMessage, receivedAt: number, now: number): void;
}
