/**
 * Acts on the outputs of the control plane, one by one, in their order.
 */
import type { ControlEvent, JobResult, Output } from '../control/io.js';
import { COUNTER } from '../memory/counter-names.js';
import type { CounterBlock } from '../memory/counters.js';
import type { DirectTableWriter } from '../memory/direct-table.js';
import type { ForwardingTableWriter } from '../memory/forwarding-table.js';
import type { PathMtus } from '../memory/path-mtus.js';
import type { ControlSender } from './control-sender.js';
import type { LinkInstaller } from './link-installer.js';
import type { PinInstaller } from './pin-installer.js';
import { resolvePeer } from './resolver.js';

export interface OutputTargets {
  readonly forwarding: ForwardingTableWriter;
  readonly paths: PathMtus;
  readonly direct: DirectTableWriter;
  readonly links: LinkInstaller;
  readonly pins: PinInstaller;
  readonly sender: ControlSender;
  readonly counters: CounterBlock;
  readonly onEvent: (event: ControlEvent) => void;
  readonly onJobDone: (result: JobResult) => void;
}

/** Returns the function that acts on one output. */
export function outputExecutor(to: OutputTargets): (output: Output) => void {
  return (output) => {
    switch (output.kind) {
      case 'route':
        return to.forwarding.store(output.trafficClass, output.layer, output.byte, output.primary, output.backup);
      case 'pathMtu':
        return to.paths.set(output.destination, output.mtu);
      case 'defaultRoute':
        return to.forwarding.storeAll(output.primary, output.backup);
      case 'leafUp':
        return to.direct.set(output.id, output.link);
      case 'leafDown':
        return to.direct.remove(output.id, output.link);
      case 'direct':
        if (output.classes === 0) return to.direct.remove(output.neighbour, output.link);
        return to.direct.set(output.neighbour, output.link, output.classes);
      case 'send':
        return to.sender.sendLink(output.link, output.type, output.payload);
      case 'sendTo':
        return to.sender.sendTo(output.socket, output.address, output.frame);
      case 'sendPacket':
        return to.sender.sendPacket(output.frame);
      case 'linkInstall':
      case 'linkBundle':
      case 'linkUp':
      case 'linkTiming':
      case 'linkMtu':
      case 'linkRetire':
        return to.links.apply(output);
      case 'pinInstall':
      case 'pinRemove':
        return to.pins.apply(output);
      case 'event':
        return to.onEvent(output.event);
      case 'job':
        void resolvePeer(output.id, output.job).then(to.onJobDone);
        return;
      case 'count':
        return to.counters.add(COUNTER[output.counter], 1);
    }
  };
}
