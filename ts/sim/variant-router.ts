/**
 * Three routing protocols that are well known and do loop where a destination is a zone with several origins, or news is late. They are here to be
 * caught by the checker (test/sim/safety-rules.test.ts), and for nothing else:
 *
 * - `perOrigin`: a feasibility distance for each origin of a destination, as Babel has it (RFC 8966). What is safe for each origin alone is not for
 *   all together: section 2.7 there concedes it.
 * - `pathVector`: a route lists the nodes that it goes by, and nobody takes one with itself in it, as in BGP. Lists may be out of date.
 *
 * - `poisonReverse`: the least metric wins, whatever it is: a plain distance vector.
 *
 * All poison routes towards the next hop, and tell of changes at once. One class, no backups, no timers.
 */
import { create } from '@bufbuild/protobuf';
import type { LinkQuality } from '../control/routing/link-quality.js';
import type { RouterOptions, RouterOutput } from '../control/routing/router.types.js';
import { idByte, type Layer, type NodeId, sharedBytes } from '../kit/node-id.js';
import { type RoutingSync, RoutingSyncSchema } from '../wire/gen/portolan/v1/control_pb.js';
import type { ScriptedRouter } from './scripted-network.js';

export type Variant = 'perOrigin' | 'pathVector' | 'poisonReverse';

/** What a node says of a slot; without a path: nothing leads there. */
interface Said {
  readonly layer: Layer;
  readonly byte: number;
  readonly origin: NodeId;
  readonly metric: number;
  readonly path: readonly NodeId[];
}

interface Neighbour {
  readonly link: number;
  readonly peer: NodeId;
  readonly cost: number;
  readonly said: Map<string, Said>;
}

interface Chosen {
  readonly by: Neighbour;
  readonly said: Said;
}

export function createVariantRouter(variant: Variant): (options: RouterOptions) => ScriptedRouter {
  return ({ self }) => new VariantRouter(variant, self);
}

class VariantRouter implements ScriptedRouter {
  readonly #variant: Variant;
  readonly #self: NodeId;
  readonly #neighbours = new Map<number, Neighbour>();
  readonly #chosen = new Map<string, Chosen>();
  /** Slot and origin -> the least metric that was ever told of it. */
  readonly #feasible = new Map<string, number>();
  readonly #outputs: RouterOutput[] = [];

  constructor(variant: Variant, self: NodeId) {
    this.#variant = variant;
    this.#self = self;
  }

  linkUp(link: number, peer: NodeId, { rtt }: LinkQuality): void {
    const neighbour = { link, peer, cost: Math.max(1, rtt), said: new Map<string, Said>() };
    this.#neighbours.set(link, neighbour);
    const layer = (sharedBytes(this.#self, peer) + 1) as Layer;
    this.#send(neighbour, {
      layer,
      byte: idByte(this.#self, layer),
      origin: this.#self,
      metric: 0,
      path: [this.#self],
    });
    for (const { said } of this.#chosen.values()) this.#tell(neighbour, said);
  }

  linkDown(link: number): void {
    const neighbour = this.#neighbours.get(link);
    this.#neighbours.delete(link);
    for (const said of neighbour?.said.values() ?? []) this.#choose(said);
  }

  /** Costs stay what they were when the session began. */
  linkQuality(): void {}

  handleSync(link: number, { entries }: RoutingSync): boolean {
    const neighbour = this.#neighbours.get(link);
    if (!neighbour) return true;
    const said = JSON.parse(new TextDecoder().decode(entries)) as Said;
    neighbour.said.set(keyOf(said), said);
    if (idByte(this.#self, said.layer) !== said.byte) this.#choose(said);
    return true;
  }

  handleTimeout(): void {}

  nextTimeout(): number {
    return Number.POSITIVE_INFINITY;
  }

  poll(): RouterOutput | undefined {
    return this.#outputs.shift();
  }

  entry(layer: number, byte: number): ReturnType<ScriptedRouter['entry']> {
    const primary = this.#chosen.get(`${layer} ${byte}`)?.by.link ?? 0;
    return { label: undefined, primary, backup: 0 };
  }

  #choose(slot: Said): void {
    const key = keyOf(slot);
    const candidates = [...this.#neighbours.values()].flatMap((by) => {
      const said = by.said.get(key);
      return said && this.#isFeasible(said) ? [{ by, said }] : [];
    });
    const best = candidates.sort((a, b) => a.said.metric + a.by.cost - b.said.metric - b.by.cost)[0];
    if (best) this.#chosen.set(key, best);
    else this.#chosen.delete(key);
    const { layer, byte } = slot;
    this.#outputs.push({ kind: 'route', trafficClass: 0, layer, byte, primary: best?.by.link ?? 0, backup: 0 });
    for (const neighbour of this.#neighbours.values()) this.#tell(neighbour, slot);
  }

  #isFeasible(said: Said): boolean {
    if (said.path.length === 0) return false;
    if (this.#variant === 'poisonReverse') return true;
    if (this.#variant === 'pathVector') return !said.path.includes(this.#self);
    return said.metric < (this.#feasible.get(`${keyOf(said)} ${said.origin}`) ?? Number.POSITIVE_INFINITY);
  }

  /** The route of the slot, to those who are not its next hop; to that one, and without a route, that there is none. */
  #tell(neighbour: Neighbour, { layer, byte, origin }: Said): void {
    if (sharedBytes(this.#self, neighbour.peer) < layer - 1 || idByte(neighbour.peer, layer) === byte) return;
    const chosen = this.#chosen.get(`${layer} ${byte}`);
    if (!chosen || chosen.by === neighbour) return this.#send(neighbour, { layer, byte, origin, metric: 0, path: [] });
    const { said, by } = chosen;
    const metric = said.metric + by.cost;
    const key = `${keyOf(said)} ${said.origin}`;
    this.#feasible.set(key, Math.min(metric, this.#feasible.get(key) ?? metric));
    this.#send(neighbour, { ...said, metric, path: [this.#self, ...said.path] });
  }

  #send({ link }: Neighbour, said: Said): void {
    const entries = new TextEncoder().encode(JSON.stringify(said));
    this.#outputs.push({ kind: 'sync', link, message: create(RoutingSyncSchema, { number: 1, entries }) });
  }
}

function keyOf({ layer, byte }: Said): string {
  return `${layer} ${byte}`;
}
