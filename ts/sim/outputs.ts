/**
 * What the control plane of a simulated node wants done, done in order: tables are written as the real shell writes them, and the checkers look at each
 * change; frames go to the packet path by its ring. Whatever leaves the node finds the labels in order, or the checker says so.
 */
import type { ControlEvent, LinkOutput, Output } from '../control/io.js';
import type { ControlNode } from '../control/node.types.js';
import type { Layer, NodeId } from '../kit/node-id.js';
import { COUNTER } from '../memory/counter-names.js';
import { backupOf, primaryOf } from '../memory/forwarding-table.js';
import { writeSendLink, writeSendPacket, writeSendTo } from '../memory/handed-down.js';
import type { QueueProducer } from '../memory/sharedarraybuffer-queue/index.js';
import { FrameType } from '../wire/link-header.js';
import { addressOf, idOfHost, type Scheme } from './addresses.js';
import type { BundleChecker } from './bundle-checker.js';
import { describeEvent, describeRoute } from './describe.js';
import type { NodeTables } from './node-tables.js';
import type { NodeWorld } from './sim-node.types.js';
import type { WatchedNode } from './watch.js';

/** The resolution of a name takes so long, ms. */
const RESOLVE_MS = 1;
/** From the end of a session until no worker can use its link any more, ms. */
const EPOCH_MS = 4;
/** The first byte of a control message that holds a RoutingSync (its field number and wire type). */
const ROUTING_SYNC = 0x0a;

/** The node whose outputs they are. */
export interface ActingNode extends WatchedNode {
  readonly bundles: BundleChecker;
  peerOf(link: number): NodeId | undefined;
  /** An input for control after `delay` ms, if the node still lives. */
  later(delay: number, give: (control: ControlNode, now: number) => void): void;
}

export class SimOutputs {
  readonly #node: ActingNode;
  readonly #world: NodeWorld;
  readonly #tables: NodeTables;
  readonly #toWorker: QueueProducer;

  constructor(node: ActingNode, world: NodeWorld, tables: NodeTables, toWorker: QueueProducer) {
    this.#node = node;
    this.#world = world;
    this.#tables = tables;
    this.#toWorker = toWorker;
  }

  execute(output: Output): void {
    const { checker, watch, pins } = this.#world;
    const { vertex, bundles } = this.#node;
    switch (output.kind) {
      case 'send':
        if (output.type === FrameType.Control) {
          if (output.payload[0] === ROUTING_SYNC) checker.settle(vertex);
          else pins.sent(vertex, output.payload);
        }
        return this.sendLink(output.link, output.type, output.payload);
      case 'sendTo':
        if (idOfHost(output.address.host) === undefined) return;
        return assertTaken(writeSendTo(this.#toWorker, 0, output.address, output.frame));
      case 'sendPacket':
        return this.sendPacket(output.frame);
      case 'pathMtu':
        return this.#tables.setPathMtu(output);
      case 'route': {
        const slot = this.#tables.storeRoute(output);
        bundles.route(output.primary, output.backup);
        watch.look(this.#node, slot);
        return this.#noteRoute(output.layer, output.byte, slot);
      }
      case 'defaultRoute':
        bundles.route(output.primary, output.backup);
        return this.#tables.storeDefault(output);
      case 'leafUp':
      case 'leafDown':
        return this.#tables.applyLeaf(output);
      case 'direct':
        this.#tables.applyDirect(output);
        return watch.lookDirect(this.#node, output.neighbour);
      case 'pinInstall':
        return this.#tables.applyPin(output);
      case 'pinRemove':
        this.#tables.applyPin(output);
        return this.#node.later(EPOCH_MS, (control) => control.handlePinFree(output.label));
      case 'event':
        pins.onEvent(vertex, output.event);
        return this.#noteEvent(output.event);
      case 'job':
        return this.#resolve(output.id, output.job.host, output.job.scheme);
      case 'count':
        return this.#tables.counters.add(COUNTER[output.counter], 1);
      default:
        return this.#applyLink(output);
    }
  }

  sendLink(link: number, type: FrameType, payload: Uint8Array): void {
    assertTaken(writeSendLink(this.#toWorker, link, type, payload));
  }

  sendPacket(frame: Uint8Array): void {
    assertTaken(writeSendPacket(this.#toWorker, frame));
  }

  #applyLink(output: LinkOutput): void {
    const { queue, watch } = this.#world;
    const { vertex, bundles } = this.#node;
    switch (output.kind) {
      case 'linkInstall':
        this.#tables.install(output, queue.now);
        return watch.installed(vertex, output.link, output.rxKey, output.txKey);
      case 'linkBundle': {
        const check = bundles.spread(output.link, output.links);
        this.#tables.setBundle(output);
        return check();
      }
      case 'linkUp':
        return this.#tables.setUp(output.link, true);
      case 'linkTiming':
        return this.#tables.setTiming(output);
      case 'linkMtu':
        return this.#tables.setMtu(output);
      case 'linkRetire':
        this.#tables.setUp(output.link, false);
        return this.#node.later(EPOCH_MS, (control) => {
          this.#tables.clear(output.link);
          bundles.look();
          control.handleLinkFree(output.link);
        });
    }
  }

  #resolve(id: number, host: string, scheme: Scheme): void {
    const peer = idOfHost(host);
    const result = peer === undefined ? { id, error: 'no such host' } : { id, addresses: [addressOf(peer, scheme)] };
    this.#node.later(RESOLVE_MS, (control, now) => control.handleJobDone(result, now));
  }

  #noteEvent(event: ControlEvent): void {
    const text = this.#world.isTold ? describeEvent(event) : undefined;
    if (text !== undefined) this.#world.note(this.#node.id, text);
  }

  #noteRoute(layer: Layer, byte: number, slot: number): void {
    if (!this.#world.isTold) return;
    const { id, forwarding } = this.#node;
    const word = forwarding[slot] as number;
    const [primary, backup] = [this.#node.peerOf(primaryOf(word)), this.#node.peerOf(backupOf(word))];
    this.#world.note(id, describeRoute(id, layer, byte, primary, backup));
  }
}

/** The ring is read before the step ends, so that nothing that fits into a step finds it full. */
function assertTaken(isTaken: boolean): void {
  if (!isTaken) throw new Error('the ring between control and packet path is full');
}
