/** What the admin interface needs of a node; `Node` is one. */
import type { EventEmitter } from 'node:events';
import type { TrafficClassName } from '../../wire/network-header.js';
import type {
  FoundRoute,
  LinkReport,
  LoadSinkReport,
  LoadSinkRequest,
  LoadSourceReport,
  LoadSourceRequest,
  PingReply,
  PinReport,
  ResourcesReport,
  RouteChangeReport,
  RouteExplanationReport,
  RouteReport,
  StatusReport,
  TraceHop,
  WayReport,
} from '../admin.types.js';
import type { NodeEvents } from '../events.js';
import type { WorkerFault } from '../faults.js';
import type { RouteLimits } from '../route-finder.js';

export interface AdminNode extends EventEmitter<NodeEvents> {
  readonly id: string;
  status(): StatusReport;
  links(): LinkReport[];
  resources(): ResourcesReport;
  routes(destination?: string, options?: { class?: TrafficClassName | 'all' }): RouteReport[];
  explainRoute(destination: string, options: { class: TrafficClassName }): RouteExplanationReport | undefined;
  routeHistory(destination?: string, options?: { class?: TrafficClassName | 'all' }): readonly RouteChangeReport[];
  probe(
    destination: string,
    options: { timeout: number; size: number; class: TrafficClassName; signal: AbortSignal },
  ): Promise<PingReply>;
  route(destination: string, limits: RouteLimits & { readonly signal: AbortSignal }): Promise<FoundRoute>;
  pinRoute(
    destination: string,
    limits: RouteLimits & { readonly class: TrafficClassName },
  ): { readonly report: PinReport };
  pins(): PinReport[];
  way(destination: string, options: { class: TrafficClassName }): WayReport;
  unpinRoute(number: number): boolean;
  trace(
    destination: string,
    options: {
      maxHops: number;
      timeout: number;
      class: TrafficClassName;
      signal: AbortSignal;
      onHop: (hop: TraceHop) => void;
    },
  ): Promise<unknown>;
  readonly load: AdminLoad;
  addPeer(peer: string): void;
  removePeer(id: string): void;
  injectFault(fault: WorkerFault): Promise<void>;
  close(): Promise<void>;
}

/** The load tester's stages in the workers. */
export interface AdminLoad {
  startSource(request: LoadSourceRequest): Promise<LoadSourceReport>;
  source(): LoadSourceReport;
  stopSource(): Promise<LoadSourceReport>;
  startSink(request: LoadSinkRequest): Promise<LoadSinkReport>;
  sink(): LoadSinkReport;
  stopSink(): Promise<LoadSinkReport>;
}
