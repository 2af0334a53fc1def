/** Portolan: a planet-scale, low-latency overlay network. The library's whole public surface (docs/library.md). */

export type {
  CountersReport,
  LinkReport,
  PacketPathReport,
  ResourcesReport,
  RouteReport,
  StatusReport,
} from './node/admin.types.js';
export { createNode } from './node/create-node.js';
export { DatagramSocket, type SendOptions, type TrafficClassName } from './node/datagram-socket.js';
export { ERROR_CODES, type ErrorCode, PortolanError } from './node/errors.js';
export type { LinkEvent, Message, NodeEvents, RemoteSocket, RouteEvent, SocketEvents } from './node/events.js';
export type { Fault } from './node/faults.js';
export { type BindOptions, Node } from './node/node.js';
export type { NodeOptions, PacketPathOption } from './node/options.js';
export type { PingOptions, PingReply, PingResult } from './node/ping.js';
export type { PortForward } from './node/port-forwards.js';
export type { RouteLimits } from './node/route-finder.js';
export type { PinnedRoute } from './node/route-pins.js';
export type { TraceHop, TraceOptions, TraceResult } from './node/trace.js';
