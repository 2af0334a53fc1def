/** What the control plane tells: given to the part that has asked for it, or to programs, in the words of people. */
import type { EventEmitter } from 'node:events';
import type { ControlEvent } from '../control/io.js';
import { formatNodeId, type NodeId } from '../kit/node-id.js';
import type { Core } from './core.js';
import type { NodeEvents } from './events.js';
import type { ForwardErrors } from './forward-errors.js';
import { seqnoWarning } from './reports.js';
import type { RouteView } from './route-view.js';
import { LAST_PORT } from './virtual-ports.js';

/** Who is told. */
export interface Listeners {
  readonly node: EventEmitter<NodeEvents>;
  readonly core: Pick<Core, 'routeFinder' | 'routePins' | 'echo' | 'sockets'>;
  readonly routes: RouteView;
  readonly forwardErrors: ForwardErrors;
}

export function tellControlEvent(
  self: NodeId,
  event: ControlEvent,
  { node, core, routes, forwardErrors }: Listeners,
): void {
  switch (event.type) {
    case 'linkUp':
      return void node.emit('linkUp', { peer: formatNodeId(event.peer), address: event.address, role: event.role });
    case 'linkDown':
      return void node.emit('linkDown', { peer: formatNodeId(event.peer), reason: event.reason });
    case 'linkProblem': {
      const { problem, detail } = event;
      return void node.emit('linkProblem', { peer: formatNodeId(event.peer), problem, detail });
    }
    case 'duplicateId':
      return void node.emit('duplicateId', { id: formatNodeId(event.id), address: event.address });
    case 'seqnoJump':
    case 'seqnoEnd':
      return void node.emit('warning', { message: seqnoWarning(self, event) });
    case 'routeResult':
      return core.routeFinder.handleResult(event.number, event.result);
    case 'pinChanged':
      return core.routePins.handleChange(event.number, event.state);
    case 'routeChanged':
      return void node.emit('routeChanged', routes.note(event));
    case 'packetError': {
      const { code, reporter, headers, receivedAt } = event;
      if (core.echo.handleError(code, reporter, headers, receivedAt)) return;
      if (headers.sourcePort > LAST_PORT) forwardErrors.tell(code, headers);
      else core.sockets.fail(code, reporter, headers);
      return;
    }
  }
}
