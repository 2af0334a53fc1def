/**
 * The control plane of one node, as the shell and the simulator drive it: one input, with `now`; then drain {@link ControlNode.poll};
 * then wait until {@link ControlNode.nextTimeout} or the next input. All times are milliseconds of one monotonic clock.
 */
import type { NodeId } from '../kit/node-id.js';
import type { ListenClaim } from '../wire/neighbours.js';
import type {
  BootstrapAddress,
  Command,
  Entropy,
  JobResult,
  LinkObserver,
  LinkStatus,
  LinkTermsOf,
  NodeRole,
  Output,
  PeerAddress,
  PuntedPacket,
  ReceivedFrame,
  RouteStatus,
} from './io.js';
import type { OwnLink, OwnPin } from './optimiser/optimiser.types.js';
import type { Router, RouterOptions, SafetyRules } from './routing/router.types.js';

export interface ControlNodeOptions {
  readonly id: NodeId;
  /** 32 bytes that all nodes of the network share. */
  readonly networkKey: Uint8Array;
  /** When the node booted, microseconds since 1970 (up to 2^53): another value is another incarnation of the id. */
  readonly bootEpoch: number;
  /** Whom to dial; see also the command `addPeer`. */
  readonly peers: readonly PeerAddress[];
  /** Links that the node makes on its own, beside `peers`: 0..32. Default: 0. */
  readonly neighbours?: number;
  /** Whom to dial while there is no link, with `neighbours`. */
  readonly bootstrap?: readonly BootstrapAddress[];
  /** Where the node listens, to tell neighbours. Default: where its frames come from. */
  readonly listens?: () => readonly ListenClaim[];
  /** Whether nodes that listen for TCP only can be dialed. Default: false. */
  readonly dialsTcp?: boolean;
  /**
   * The sockets for UDP in the order of their numbers: a peer is dialed from the first one of its address family; a member of a bundle from the one that
   * is only for it, where there is one.
   */
  readonly sockets: readonly { readonly family: 4 | 6; readonly member?: number }[];
  /** Sessions that are opened with a peer that is dialed, 1..8: one that routing knows, and members of its bundle. Default: 1. */
  readonly linksPerPeer?: number;
  /** For nonces and link generations. */
  readonly entropy: Entropy;
  /** A uniform number in [0, 1), for the jitter of timers. */
  readonly random: () => number;
  readonly observer: LinkObserver;
  /** Costs and bandwidths that were configured. Default: cost 1, bandwidth unknown. */
  readonly linkTerms?: LinkTermsOf;
  /** What this node does in the network. Default: relay. */
  readonly role?: NodeRole;
  /** Link indexes are 1 .. linkCapacity - 1; at most 4096. */
  readonly linkCapacity: number;
  /** Leaves that may link with this node: their link indexes follow, up to 4095. Default: 0. */
  readonly leafCapacity?: number;
  /** Paths that may be pinned, through this node and from it, up to 4095. Default: 0. */
  readonly pinCapacity?: number;
  /** Whether flows that last are pinned to better paths than the tables have; see the command `flows`. A leaf never does. Default: false. */
  readonly optimise?: boolean;
  /** False asks for sessions without tags, for measuring only; both ends must. Default: true. */
  readonly tags?: boolean;
  /** Largest frame that links carry at first. Default: 1200. */
  readonly mtu?: number;
  /** Whether links look for a larger MTU: only where the packet path forbids the network to cut its frames. Default: false. */
  readonly probeMtu?: boolean;
  /** Whether packet trains find out what links carry of which nobody has said it. Default: false. */
  readonly measureBandwidth?: boolean;
  /** Safety rules of routing to switch off: for the simulator's proof that its checker can fail. */
  readonly rules?: Partial<SafetyRules>;
  /** Another routing protocol, for tests. */
  readonly createRouter?: (options: RouterOptions) => Router;
}

export interface ControlNode {
  readonly id: NodeId;

  /** Begins: peers are resolved and dialed. Call it once, first. */
  start(now: number): void;
  /** A control, hello or handshake frame. Any bytes may come. */
  handleFrame(received: ReceivedFrame, now: number): void;
  /** A packet that calls for an error, or an error for this node. */
  handlePacket(packet: PuntedPacket, now: number): void;
  handleTimeout(now: number): void;
  handleCommand(command: Command, now: number): void;
  handleJobDone(result: JobResult, now: number): void;
  /**
   * A worker has cleared the link's up bit because the link was silent (the default; while the bit is set, this says nothing), or because its
   * connection has ended.
   */
  handleLinkDown(link: number, now: number, cause?: 'silent' | 'disconnected'): void;
  /** No worker can use the label of a removed pin any more. */
  handlePinFree(label: number): void;
  /** No worker can use the retired link any more: its index may be given out again. */
  handleLinkFree(link: number): void;

  /** The next thing to do, in order; `undefined`: nothing left. */
  poll(): Output | undefined;
  /** When {@link ControlNode.handleTimeout} wants to be called; Infinity: never. */
  nextTimeout(): number;

  /** Leaves that are linked with this node. */
  leaves(): number;
  /** Links that the node makes or has made on its own, and how many there may be. */
  neighbours(): { readonly chosen: number; readonly most: number };
  /** All links, for people: one line a peer (configured or not), sessions that are up first. */
  links(now: number): LinkStatus[];
  routes(): RouteStatus[];
  /** See {@link Router.explain}. */
  explain: Router['explain'];
  /** Where packets from here go first that are not pinned; undefined: nowhere. */
  nextHop(destination: NodeId, trafficClass: number): NodeId | undefined;
  /** Paths that are pinned without anybody's having asked for it. */
  ownPins(): OwnPin[];
  /** Links that this node has made for flows, and that are up. */
  ownLinks(): OwnLink[];
  /** Link indexes that are given out: to sessions, to handshakes, and to sessions that go. */
  linksTaken(): number;
  /** For checkers: see {@link Router.entry}. */
  entry: Router['entry'];
}
