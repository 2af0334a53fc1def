// Written by `npm run layout` from the TypeScript constants: change those, not this.
#pragma once

#include <cstdint>

namespace portolan::layout {

/// Of all that follows: an addon that was built for other constants is refused (ts/edge/native/addon.ts).
inline constexpr const char* FINGERPRINT = "3bbace5e6ab4a72d";

// ts/memory/region.ts
inline constexpr uint32_t BUNDLE_BUCKETS = 64;
inline constexpr uint32_t BUNDLE_BYTES = 128;
inline constexpr uint32_t CACHE_LINE = 128;
inline constexpr uint32_t CLASSES = 4;
inline constexpr uint32_t COUNTERS_PER_BLOCK = 128;
inline constexpr uint32_t COUNTER_BLOCK_BYTES = 1024;
inline constexpr uint32_t FORWARDING_BYTES = 16384;
inline constexpr uint32_t HEADER_BYTES = 1024;
inline constexpr uint32_t HEADER_WORD_BUNDLES = 66;
inline constexpr uint32_t HEADER_WORD_DIRECT = 65;
inline constexpr uint32_t HEADER_WORD_EPOCH = 64;
inline constexpr uint32_t HEADER_WORD_FINGERPRINT = 40;
inline constexpr uint32_t HEADER_WORD_FLAGS = 33;
inline constexpr uint32_t HEADER_WORD_HANDSHAKE_KEY = 42;
inline constexpr uint32_t HEADER_WORD_NODE_ID = 32;
inline constexpr uint32_t HEADER_WORD_OTHER_LINKS = 96;
inline constexpr uint32_t HEADER_WORD_PACED_LINKS = 97;
inline constexpr uint32_t HEADER_WORD_PINNED = 67;
inline constexpr uint32_t LINKS_UP_BYTES = 512;
inline constexpr uint32_t LINK_ENTRY_BYTES = 512;
inline constexpr uint32_t MAX_LINKS = 4096;
inline constexpr uint32_t MAX_PINS = 4095;
inline constexpr uint32_t MAX_WORKERS = 65;
inline constexpr uint32_t NODE_FLAG_LEAF = 1;
inline constexpr uint32_t PATH_MTU_WORDS = 4096;
inline constexpr uint32_t PIN_ENTRY_BYTES = 32;
inline constexpr uint32_t PORT_TABLE_BYTES = 65536;
inline constexpr uint32_t REGION_LAYOUT_VERSION = 1;
inline constexpr uint32_t REGION_MAGIC = 1347375700;
inline constexpr uint32_t REPLAY_WINDOW_BITS = 4096;
inline constexpr uint32_t REPLAY_WINDOW_BYTES = 512;
inline constexpr uint32_t WORKER_STATE_BYTES = 256;

// ts/memory/handshake-gate.ts
inline constexpr uint32_t FOREIGN_HANDSHAKE_BURST = 50;
inline constexpr uint32_t FOREIGN_HANDSHAKE_RATE = 50;
inline constexpr uint32_t HANDSHAKE_BURST = 2048;
inline constexpr uint32_t HANDSHAKE_RATE = 2000;
inline constexpr uint32_t NODE_FLAG_KEYED = 2;

// ts/memory/worker-state.ts
inline constexpr uint32_t WORKER_BATCHES = 2;
inline constexpr uint32_t WORKER_BLOCKS = 3;
inline constexpr uint32_t WORKER_EPOCH = 0;
inline constexpr uint32_t WORKER_FREE_BLOCKS = 4;
inline constexpr uint32_t WORKER_LAST_LOOP = 1;
inline constexpr uint32_t WORKER_SLEEPING = 32;
inline constexpr uint32_t WORKER_STATE = 1;
inline constexpr uint32_t WORKER_STOP = 33;
enum class WorkerPhase : uint32_t { None = 0, Starting = 1, Running = 2, Stopping = 3 };

// ts/memory/link-table.ts
enum class AddressFamily : uint32_t { None = 0, IPv4 = 4, IPv6 = 6 };
inline constexpr uint32_t LINK_ADDRESS = 72;
inline constexpr uint32_t LINK_ADDRESS_FAMILY = 64;
inline constexpr uint32_t LINK_ADDRESS_PORT = 68;
inline constexpr uint32_t LINK_ADDRESS_SCOPE = 88;
inline constexpr uint32_t LINK_BUNDLE_OF = 104;
inline constexpr uint32_t LINK_DIRECT_CLASSES = 108;
inline constexpr uint32_t LINK_ECN_MARKED = 392;
inline constexpr uint32_t LINK_FLAGS = 92;
inline constexpr uint32_t LINK_FLAG_NO_TAGS = 1;
inline constexpr uint32_t LINK_HEARD_INTERVAL = 100;
inline constexpr uint32_t LINK_HELLO_INTERVAL = 96;
inline constexpr uint32_t LINK_LAST_DATA_HEARD = 160;
inline constexpr uint32_t LINK_LAST_DATA_SENT = 280;
inline constexpr uint32_t LINK_LAST_HEARD = 152;
inline constexpr uint32_t LINK_LOCK = 128;
inline constexpr uint32_t LINK_MTU = 20;
inline constexpr uint32_t LINK_OUR_NUMBER = 4;
inline constexpr uint32_t LINK_PEER_ID = 24;
inline constexpr uint32_t LINK_PEER_NUMBER = 8;
inline constexpr uint32_t LINK_PORT_KIND = 12;
inline constexpr uint32_t LINK_QUEUED_FRAMES = 384;
inline constexpr uint32_t LINK_QUEUE_DROPPED = 388;
inline constexpr uint32_t LINK_RATE = 112;
inline constexpr uint32_t LINK_RX_BYTES = 168;
inline constexpr uint32_t LINK_RX_FRAMES = 144;
inline constexpr uint32_t LINK_RX_HIGHEST = 136;
inline constexpr uint32_t LINK_RX_KEY = 32;
inline constexpr uint32_t LINK_SILENCE_MS = 28;
inline constexpr uint32_t LINK_SOCKET = 16;
inline constexpr uint32_t LINK_STATE = 0;
inline constexpr uint32_t LINK_TX_BYTES = 272;
inline constexpr uint32_t LINK_TX_COUNTER = 256;
inline constexpr uint32_t LINK_TX_FRAMES = 264;
inline constexpr uint32_t LINK_TX_KEY = 48;
inline constexpr uint32_t LINK_WIRE = 116;
inline constexpr uint32_t LINK_WORKER = 120;
enum class LinkState : uint32_t { Free = 0, Live = 1, Retired = 2 };
enum class PortKind : uint32_t { None = 0, Udp = 1, Tcp = 2 };

// ts/memory/blocks.ts
inline constexpr uint32_t BLOCK_BYTES = 65664;
inline constexpr uint32_t BLOCK_STRIDE = 66752;

// ts/memory/batch.ts
inline constexpr uint32_t ADDRESSES = 196736;
inline constexpr uint32_t ADDRESS_BYTES = 32;
inline constexpr uint32_t ADDRESS_FAMILY = 0;
inline constexpr uint32_t ADDRESS_IP = 8;
inline constexpr uint32_t ADDRESS_PORT = 4;
inline constexpr uint32_t ADDRESS_SCOPE = 24;
inline constexpr uint32_t ADDRESS_SOCKET = 28;
inline constexpr uint32_t BATCH_BYTES = 327808;
inline constexpr uint32_t BATCH_HELD = 5;
inline constexpr uint32_t BATCH_LARGEST = 7;
inline constexpr uint32_t BATCH_MORE = 4;
inline constexpr uint32_t BATCH_NOW = 8;
inline constexpr uint32_t BATCH_PACKET_COUNT = 1;
inline constexpr uint32_t BATCH_RINGS_EMPTY = 6;
inline constexpr uint32_t BATCH_RUN_COUNT = 0;
inline constexpr uint32_t MAX_PACKETS = 8192;
inline constexpr uint32_t MAX_RUNS = 4096;
inline constexpr uint32_t PACKETS = 131200;
inline constexpr uint32_t PACKET_BYTES = 8;
enum class PuntReason : uint32_t { Control = 1, Hello = 2, Handshake = 3, TtlExceeded = 4, NoRoute = 5, Error = 6, PortUnreachable = 7, TooBig = 8, Prohibited = 9 };
inline constexpr uint32_t RUNS = 128;
inline constexpr uint32_t RUN_ARGUMENT = 6;
inline constexpr uint32_t RUN_BYTES = 32;
inline constexpr uint32_t RUN_FIRST = 1;
inline constexpr uint32_t RUN_FRAME = 4;
inline constexpr uint32_t RUN_KIND = 0;
inline constexpr uint32_t RUN_LINK = 3;
inline constexpr uint32_t RUN_NEXT = 7;
inline constexpr uint32_t RUN_PACKETS = 2;
inline constexpr uint32_t RUN_VERDICT = 5;
inline constexpr uint32_t RUN_WORDS = 8;
enum class RunKind : uint32_t { Data = 1, Control = 2, Hello = 3, Handshake = 4, Raw = 5, Origin = 6, Refused = 7 };
enum class Verdict : uint32_t { Undecided = 0, Forward = 1, Deliver = 2, Punt = 3, Drop = 4, Raw = 5, Done = 6 };

// ts/wire/link-header.ts
enum class FrameType : uint32_t { Data = 0, Control = 1, Hello = 2, Handshake = 3 };
inline constexpr uint32_t INITIAL_TTL = 32;
inline constexpr uint32_t LINK_HEADER_BYTES = 24;
inline constexpr uint32_t LINK_INDEX_BITS = 12;
inline constexpr uint32_t LINK_INDEX_MASK = 4095;
inline constexpr uint32_t NO_LINK = 0;
inline constexpr uint32_t OFFSET_COUNTER = 12;
inline constexpr uint32_t OFFSET_FLAGS = 1;
inline constexpr uint32_t OFFSET_LABEL = 8;
inline constexpr uint32_t OFFSET_LINK_NUMBER = 4;
inline constexpr uint32_t OFFSET_RESERVED = 3;
inline constexpr uint32_t OFFSET_TAG = 16;
inline constexpr uint32_t OFFSET_TTL = 2;
inline constexpr uint32_t OFFSET_VERSION_TYPE = 0;
inline constexpr uint32_t TAG_BYTES = 8;
inline constexpr uint32_t WIRE_VERSION = 1;

// ts/wire/network-header.ts
inline constexpr uint32_t BASE_MTU = 1200;
inline constexpr uint32_t BASE_PAYLOAD_BYTES = 1136;
inline constexpr uint32_t HEADERS_BYTES = 48;
inline constexpr uint32_t MAX_MTU = 8972;
inline constexpr uint32_t MAX_PAYLOAD_BYTES = 65507;
inline constexpr uint32_t NETWORK_FLAG_SEALED = 1;
inline constexpr uint32_t NETWORK_HEADER_BYTES = 24;
inline constexpr uint32_t OFFSET_CHANNEL = 24;
inline constexpr uint32_t OFFSET_CLASS = 37;
inline constexpr uint32_t OFFSET_DESTINATION = 24;
inline constexpr uint32_t OFFSET_DESTINATION_PORT = 30;
inline constexpr uint32_t OFFSET_KEY_EPOCH = 38;
inline constexpr uint32_t OFFSET_NETWORK_FLAGS = 39;
inline constexpr uint32_t OFFSET_PAYLOAD = 48;
inline constexpr uint32_t OFFSET_PROTOCOL = 36;
inline constexpr uint32_t OFFSET_SEQUENCE = 40;
inline constexpr uint32_t OFFSET_SOURCE = 32;
inline constexpr uint32_t OFFSET_SOURCE_PORT = 28;
enum class Protocol : uint32_t { Datagram = 0, EchoRequest = 1, EchoReply = 2, Fragment = 3, Error = 4, Ip = 5, Link = 6, Channel = 7 };
inline constexpr uint32_t SEAL_BYTES = 16;
enum class TrafficClass : uint32_t { LowLatency = 0, LowCost = 1, Reliable = 2, HighBandwidth = 3 };

// ts/memory/counter-names.ts: places in a counter block
inline constexpr uint32_t COUNTER_COUNT = 71;
enum class Counter : uint32_t {
  /// Frames taken from the network, whatever became of them.
  Received = 0,
  /// Bytes of the frames taken from the network.
  ReceivedBytes = 1,
  /// Frames that started at this node: of sockets, forwards, loads and control; echo and hello answers.
  Originated = 2,
  /// Other nodes' packets passed on to a next hop.
  Forwarded = 3,
  /// Frames handed to the network: forwarded, originated, control, hellos and handshakes.
  Sent = 4,
  /// Bytes of the frames handed to the network.
  SentBytes = 5,
  /// Packets for this node handed to a socket, a forward or a sink.
  Delivered = 6,
  /// Echo requests answered.
  Echoed = 7,
  /// Hellos answered by a worker.
  HellosAnswered = 8,
  /// Quiet hellos: they want no answer, and said nothing new.
  HellosHeard = 9,
  /// Frames and packets handed to the control plane.
  Punted = 10,
  /// Copies for the control plane, of answered hellos and of packets dropped with an error, whose ring was full.
  CopiesLost = 11,
  /// Probes of other nodes that were not answered because their host has sent too many of them.
  ProbesLimited = 12,
  /// Messages about other nodes that were not read because the neighbour has sent too many of them.
  NeighboursLimited = 13,
  /// Errors that were not sent because their source, or this node, has had enough of them.
  ErrorLimited = 14,
  /// Punted handshake frames that the control plane refused: of another network key, with a wrong tag, unreadable, or more than can wait.
  HandshakesRefused = 15,
  /// Changes of a slot's primary or backup next hop, in any class.
  NextHopChanges = 16,
  /// Searches for a path that this node began: asked for by people, for pinned routes, or of its own accord.
  RouteQueries = 17,
  /// Punted control messages, hellos and errors whose payload could not be read.
  ControlMalformed = 18,
  /// Datagrams that were cut into fragments here, each of which counts as originated.
  Fragmented = 19,
  /// Fragments that became part of a whole datagram, less one for each datagram.
  Joined = 20,
  /// Times that the sequence number of a zone jumped by more than 65 536, or was asked to.
  SeqnoJumps = 21,
  /// Times that a client of a port forward was told, by ICMP, what became of its datagram.
  RefusalsTold = 22,
  /// Times that one could not be told so: it takes the native path and CAP_NET_RAW.
  RefusalsUntold = 23,
  /// Packets sent to the backup next hop because the primary's link was down.
  BackupUsed = 24,
  /// Packets sent straight to their destination, a neighbour or a leaf, whatever the next hop of its slot is.
  Direct = 25,
  /// Packets that followed a pinned path.
  Pinned = 26,
  /// Labelled packets whose label led nowhere any more: they went on by the table, without it.
  Unpinned = 27,
  /// Packets that waited for too long for a link whose rate is known, and were marked, as their senders had asked.
  EcnMarked = 28,
  /// Links that a worker took down because they were silent.
  LinksDowned = 29,
  /// Calls of recvmmsg (or messages from dgram) that brought something.
  ReceiveCalls = 30,
  /// Messages given to sendmmsg or dgram: one may carry many packets.
  SendCalls = 31,
  /// TCP connections refused: too many in all, or of an address that had not authenticated itself.
  TcpRefused = 32,
  /// TCP connections closed because what came by them was not made of frames.
  TcpGarbled = 33,
  /// TCP connections closed because not even control frames left by them.
  TcpStalled = 34,
  /// Runs sent again without segmentation offload.
  GsoFallbacks = 35,
  /// Datagrams that the kernel dropped because a socket was full (SO_RXQ_OVFL); not among the received.
  SocketOverflows = 36,
  /// Frames shorter than the two headers, or cut off by the receive buffer.
  Truncated = 37,
  /// Frames of another wire version.
  BadVersion = 38,
  /// Frames of a type that does not exist or may not come this way.
  BadType = 39,
  /// Frames with a link number that belongs to no live session.
  UnknownLink = 40,
  /// Frames whose authentication tag is wrong: spoofed, altered or of another key.
  BadTag = 41,
  /// Frames whose counter was seen before or is too old to tell.
  Replayed = 42,
  /// Frames larger than their link carries, going out, or than any link carries, coming in.
  Oversize = 43,
  /// Probes of a link's MTU that the machine's own network device refused, as they may.
  ProbeTooBig = 44,
  /// Packets of other nodes that are larger than the link to their next hop carries; their source is told.
  TooBig = 45,
  /// Fragments of datagrams whose other fragments did not come in time.
  ReassemblyTimeout = 46,
  /// Fragments of datagrams that gave way to newer ones: of the same source, or when all room was taken.
  ReassemblyFull = 47,
  /// Fragments whose header cannot be, or contradicts that of earlier ones.
  FragmentMalformed = 48,
  /// Fragments that had come already.
  FragmentDuplicate = 49,
  /// Packets whose TTL ran out here.
  TtlExceeded = 50,
  /// Packets to a destination for which there is no next hop.
  NoRoute = 51,
  /// Others' packets that came to a leaf, which carries only its own; and packets for an exposed port from nodes that may not use it.
  Prohibited = 52,
  /// Packets for this node to a port on which nobody listens.
  PortUnreachable = 53,
  /// Packets of a protocol that does not exist or that this node does not serve.
  BadProtocol = 54,
  /// Hellos, control messages or errors whose payload could not be read.
  Malformed = 55,
  /// Frames that the kernel refused to send.
  SendFailed = 56,
  /// Frames that found the queue of their socket, or of a link whose rate is known, full, or a local program that does not read.
  EgressFull = 57,
  /// Data frames that found too much waiting for a slow TCP connection.
  TcpBacklogFull = 58,
  /// Packets for a socket whose ring to the main thread was full.
  DeliverFull = 59,
  /// Packets for another worker of this node whose ring was full.
  HandoverFull = 60,
  /// Frames for the control plane whose ring was full.
  PuntFull = 61,
  /// Handshake frames above the rate that the control plane is given.
  HandshakeLimited = 62,
  /// Datagrams of a new client of a port forward whose flow table is full.
  FlowsFull = 63,
  /// Datagrams for a port forward from somebody who takes no part in it.
  Strangers = 64,
  /// Packets that came in over the link that they would leave by.
  NotForwarded = 65,
  /// Frames that waited for too long for a link whose rate is known, dropped by CoDel.
  CodelDropped = 66,
  /// Frames that an emulated network lost.
  EmulatedLoss = 67,
  /// Frames that found an emulated network's queue, or the room for its delayed frames, full.
  EmulatedFull = 68,
  /// Frames larger than the MTU of an emulated network.
  EmulatedTooLarge = 69,
  /// Packets that a worker held when it crashed.
  Crashed = 70,
};

}  // namespace portolan::layout
