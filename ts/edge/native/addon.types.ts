/**
 * What the native addon offers: see native/addon.cc and native/packet_path_wrap.cc.
 */
export interface NativeAddon {
  /** The fingerprint of the constants that it was built with. */
  readonly layout: string;
  /** Opens and binds a socket and probes its offloads. Throws an Error with a `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL, EINVAL ...). */
  openUdpSocket(options: UdpSocketOptions): NativeUdpSocket;
  /**
   * Tells a UDP program by ICMP that nobody listens at the port to which it sends. False: the system does not let this process do so (CAP_NET_RAW).
   */
  tellUnreachable(programHost: string, programPort: number, host: string, port: number, error: number): boolean;
  /** Closes a socket or an event. */
  closeSocket(fd: number): void;
  /** Closes what is behind the number, which stays taken: for a thread that cannot be stopped and may use it again. */
  detachSocket(fd: number): void;
  /**
   * Has the kernel choose among the `members` sockets that share the port of `fd`, numbered as they were bound: the link index in the frame
   * modulo `members`. Off, with the reason, when it refuses; then it goes on hashing addresses and ports.
   */
  steerByLink(fd: number, members: number): Offload;
  /** An eventfd: what a worker that sleeps in epoll is woken by. */
  createEvent(): number;
  signalEvent(fd: number): void;
  readonly ring: NativeRing;
  readonly PacketPath: new (options: NativePacketPathOptions) => NativePacketPath;
}

/** The native ends of `portolan/sharedarraybuffer-queue`, for tests and benches. `queue`: a view over the whole queue. `event`: eventfd or -1. */
export interface NativeRing {
  /** Writes `record` up to `copies` times, `batch` records a publish; how many fitted. */
  write(queue: Uint8Array, record: Uint8Array, type: number, copies: number, batch: number, event: number): number;
  /** Takes up to `limit` records, copied. */
  read(queue: Uint8Array, limit: number, event: number): { readonly type: number; readonly bytes: Uint8Array }[];
  /** Announces that a native consumer sleeps; false when there is a record. */
  sleep(queue: Uint8Array): boolean;
  /** Blocks the thread until `count` records of `length` bytes are written, each starting with its number (32 bits). */
  produce(queue: Uint8Array, count: number, length: number, batch: number): void;
}

export interface UdpSocketOptions {
  /** An IPv4 or IPv6 address, with `%scope` where it is link-local. */
  readonly host: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  /** Whom it talks to, if only to one: then the kernel tells when nobody is there. */
  readonly peerHost?: string;
  readonly peerPort?: number;
  /** Whether others may share its port afterwards. */
  readonly reusePort: boolean;
  /** Whether it shares the port of those that are there; without it the port must be free. Default: false. */
  readonly joins?: boolean;
  /** Whether the kernel may cut what is larger than the path's MTU (applications' datagrams); links forbid it. Default: false. */
  readonly fragments?: boolean;
  /** Bytes; 0: the system's default. */
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
  readonly gso: boolean;
  readonly gro: boolean;
}

export interface NativeUdpSocket {
  readonly fd: number;
  readonly host: string;
  readonly port: number;
  readonly gso: Offload;
  readonly gro: Offload;
}

/** Whether an offload is on; the reason is empty when it is. */
export interface Offload {
  readonly on: boolean;
  readonly reason: string;
}

export interface NativePacketPathOptions {
  /** Views over shared memory, which native code keeps alive until `close`: the region, a batch, a slab of at least 8 blocks. */
  readonly region: Uint8Array;
  readonly batch: Uint8Array;
  readonly slab: Uint8Array;
  readonly worker: number;
  /** The worker's eventfd; -1: none. */
  readonly event: number;
  /** Messages that one receive call takes from a socket: 1..64. */
  readonly receiveMessages: number;
  readonly simd: boolean;
  /** For how long what leaves for a program on this machine may wait for room in its receive buffer, ms; default 250. */
  readonly holdMs?: number;
  /** Views over the queues that the worker reads: whoever writes into one of them ends a sleep, by the eventfd. Default: none. */
  readonly rings?: readonly Uint8Array[];
}

export interface NativePacketPath {
  /** Which instructions hash tags: avx512, avx2, neon or scalar. */
  readonly simd: string;
  /** Blocks of the slab, and those of them that nothing refers to. */
  readonly blocks: number;
  readonly freeBlocks: number;
  /** Uses a socket under a number (0..4095); the descriptor stays the caller's. */
  addSocket(
    number: number,
    fd: number,
    options: { readonly kind: 'link' | 'local'; readonly gso: boolean; readonly gro: boolean },
  ): void;
  removeSocket(number: number): void;
  /** Announces a sleep to those who write into the rings, and ends it with the first record. */
  receive(waitMs: number): number;
  send(): number;
  seal(index: number): void;
  reserve(bytes: number): number;
  socketStats(number: number): NativeSocketStats | undefined;
  close(): void;
}

export interface NativeSocketStats {
  readonly gso: boolean;
  readonly gro: boolean;
  /** Why an offload is off: switched off, refused by the kernel, lost at run time; empty when both are on. */
  readonly reason: string;
  /** Datagrams that the kernel has dropped because the socket was full. */
  readonly overflow: number;
  /** Packets that wait because the socket was full. */
  readonly pending: number;
}
