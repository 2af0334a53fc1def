/**
 * Every counter of the packet path: its name and the sentence that says what it counts. The place in the list is the place in a
 * counter block (counters.ts), in TypeScript and in C++ alike (native/layout.h is written from this list).
 *
 * Conservation: received + originated = sent + delivered + echoed + hellosAnswered + hellosHeard + punted + joined + the sum of all `drop` counters, once nothing is in
 * hand. (A datagram of n fragments counts as n originated where it is cut; where it is put together, n - 1 are joined and one goes on.)
 */
export interface CounterName<Name extends string = string> {
  readonly name: Name;
  readonly kind: 'count' | 'drop';
  readonly sentence: string;
}

const count = <Name extends string>(name: Name, sentence: string): CounterName<Name> => ({
  name,
  kind: 'count',
  sentence,
});
const drop = <Name extends string>(name: Name, sentence: string): CounterName<Name> => ({
  name,
  kind: 'drop',
  sentence,
});

export const COUNTERS = [
  count('received', 'Frames taken from the network, whatever became of them.'),
  count('receivedBytes', 'Bytes of the frames taken from the network.'),
  count(
    'originated',
    'Frames that started at this node: of sockets, forwards, loads and control; echo and hello answers.',
  ),
  count('forwarded', "Other nodes' packets passed on to a next hop."),
  count('sent', 'Frames handed to the network: forwarded, originated, control, hellos and handshakes.'),
  count('sentBytes', 'Bytes of the frames handed to the network.'),
  count('delivered', 'Packets for this node handed to a socket, a forward or a sink.'),
  count('echoed', 'Echo requests answered.'),
  count('hellosAnswered', 'Hellos answered by a worker.'),
  count('hellosHeard', 'Quiet hellos: they want no answer, and said nothing new.'),
  count('punted', 'Frames and packets handed to the control plane.'),
  count(
    'copiesLost',
    'Copies for the control plane, of answered hellos and of packets dropped with an error, whose ring was full.',
  ),
  count('probesLimited', 'Probes of other nodes that were not answered because their host has sent too many of them.'),
  count(
    'neighboursLimited',
    'Messages about other nodes that were not read because the neighbour has sent too many of them.',
  ),
  count('errorLimited', 'Errors that were not sent because their source, or this node, has had enough of them.'),
  count(
    'handshakesRefused',
    'Punted handshake frames that the control plane refused: of another network key, with a wrong tag, unreadable, or more than can wait.',
  ),
  count('nextHopChanges', "Changes of a slot's primary or backup next hop, in any class."),
  count(
    'routeQueries',
    'Searches for a path that this node began: asked for by people, for pinned routes, or of its own accord.',
  ),
  count('controlMalformed', 'Punted control messages, hellos and errors whose payload could not be read.'),
  count('fragmented', 'Datagrams that were cut into fragments here, each of which counts as originated.'),
  count('joined', 'Fragments that became part of a whole datagram, less one for each datagram.'),
  count('seqnoJumps', 'Times that the sequence number of a zone jumped by more than 65 536, or was asked to.'),
  count('refusalsTold', 'Times that a client of a port forward was told, by ICMP, what became of its datagram.'),
  count('refusalsUntold', 'Times that one could not be told so: it takes the native path and CAP_NET_RAW.'),
  count('backupUsed', "Packets sent to the backup next hop because the primary's link was down."),
  count(
    'direct',
    'Packets sent straight to their destination, a neighbour or a leaf, whatever the next hop of its slot is.',
  ),
  count('pinned', 'Packets that followed a pinned path.'),
  count('unpinned', 'Labelled packets whose label led nowhere any more: they went on by the table, without it.'),
  count(
    'ecnMarked',
    'Packets that waited for too long for a link whose rate is known, and were marked, as their senders had asked.',
  ),
  count('linksDowned', 'Links that a worker took down because they were silent.'),
  count('receiveCalls', 'Calls of recvmmsg (or messages from dgram) that brought something.'),
  count('sendCalls', 'Messages given to sendmmsg or dgram: one may carry many packets.'),
  count('tcpRefused', 'TCP connections refused: too many in all, or of an address that had not authenticated itself.'),
  count('tcpGarbled', 'TCP connections closed because what came by them was not made of frames.'),
  count('tcpStalled', 'TCP connections closed because not even control frames left by them.'),
  count('gsoFallbacks', 'Runs sent again without segmentation offload.'),
  count(
    'socketOverflows',
    'Datagrams that the kernel dropped because a socket was full (SO_RXQ_OVFL); not among the received.',
  ),
  drop('truncated', 'Frames shorter than the two headers, or cut off by the receive buffer.'),
  drop('badVersion', 'Frames of another wire version.'),
  drop('badType', 'Frames of a type that does not exist or may not come this way.'),
  drop('unknownLink', 'Frames with a link number that belongs to no live session.'),
  drop('badTag', 'Frames whose authentication tag is wrong: spoofed, altered or of another key.'),
  drop('replayed', 'Frames whose counter was seen before or is too old to tell.'),
  drop('oversize', 'Frames larger than their link carries, going out, or than any link carries, coming in.'),
  drop('probeTooBig', "Probes of a link's MTU that the machine's own network device refused, as they may."),
  drop(
    'tooBig',
    'Packets of other nodes that are larger than the link to their next hop carries; their source is told.',
  ),
  drop('reassemblyTimeout', 'Fragments of datagrams whose other fragments did not come in time.'),
  drop(
    'reassemblyFull',
    'Fragments of datagrams that gave way to newer ones: of the same source, or when all room was taken.',
  ),
  drop('fragmentMalformed', 'Fragments whose header cannot be, or contradicts that of earlier ones.'),
  drop('fragmentDuplicate', 'Fragments that had come already.'),
  drop('ttlExceeded', 'Packets whose TTL ran out here.'),
  drop('noRoute', 'Packets to a destination for which there is no next hop.'),
  drop(
    'prohibited',
    "Others' packets that came to a leaf, which carries only its own; and packets for an exposed port from nodes that may not use it.",
  ),
  drop('portUnreachable', 'Packets for this node to a port on which nobody listens.'),
  drop('badProtocol', 'Packets of a protocol that does not exist or that this node does not serve.'),
  drop('malformed', 'Hellos, control messages or errors whose payload could not be read.'),
  drop('sendFailed', 'Frames that the kernel refused to send.'),
  drop(
    'egressFull',
    'Frames that found the queue of their socket, or of a link whose rate is known, full, or a local program that does not read.',
  ),
  drop('tcpBacklogFull', 'Data frames that found too much waiting for a slow TCP connection.'),
  drop('deliverFull', 'Packets for a socket whose ring to the main thread was full.'),
  drop('handoverFull', 'Packets for another worker of this node whose ring was full.'),
  drop('puntFull', 'Frames for the control plane whose ring was full.'),
  drop('handshakeLimited', 'Handshake frames above the rate that the control plane is given.'),
  drop('flowsFull', 'Datagrams of a new client of a port forward whose flow table is full.'),
  drop('strangers', 'Datagrams for a port forward from somebody who takes no part in it.'),
  drop('notForwarded', 'Packets that came in over the link that they would leave by.'),
  drop('codelDropped', 'Frames that waited for too long for a link whose rate is known, dropped by CoDel.'),
  drop('emulatedLoss', 'Frames that an emulated network lost.'),
  drop('emulatedFull', "Frames that found an emulated network's queue, or the room for its delayed frames, full."),
  drop('emulatedTooLarge', 'Frames larger than the MTU of an emulated network.'),
  drop('crashed', 'Packets that a worker held when it crashed.'),
] as const satisfies readonly CounterName[];

/** The name of a counter. */
export type Counter = (typeof COUNTERS)[number]['name'];

/** The place of each counter in a block. */
export const COUNTER = Object.fromEntries(COUNTERS.map((counter, index) => [counter.name, index])) as Readonly<
  Record<Counter, number>
>;
