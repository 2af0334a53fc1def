/** A random network under random faults, all from one seed: what the protocol must survive. */

import type { LinkQuality } from '../../../ts/control/routing/link-quality.js';
import { formatNodeId } from '../../../ts/kit/node-id.js';
import { Net, type NetNode, type NetOptions } from './harness.js';

const FAULTS_MS = 20_000;
/** Long enough for requests that are retried every 3 s under loss, and for one digest. */
const CALM_MS = 15_000;

/** Runs it; the net is returned after the faults have ended and it was left alone. */
export function runChaos(seed: number, options: NetOptions = {}, calm = CALM_MS): Net {
  const net = new Net({ seed, jitter: seed % 4 === 0 ? 400 : seed % 30, loss: (seed % 7) * 0.05, ...options });
  const { random } = net;
  for (const text of randomIds(net)) net.add(text);
  connectAll(net);
  net.run(random.below(3000));

  const faults = 20 + random.below(60);
  for (let i = 0; i < faults; i++) net.after(random.unit() * FAULTS_MS, () => fault(net));
  net.run(FAULTS_MS);
  net.loss = 0;
  net.run(calm);
  return net;
}

function randomIds(net: Net): Set<string> {
  const { random } = net;
  const count = 6 + random.below(25);
  const spread = [1 + random.below(3), 1 + random.below(2), 1 + random.below(2)];
  const ids = new Set<string>();
  while (ids.size < count) ids.add([...spread.map((bound) => 1 + random.below(bound)), 1 + random.below(40)].join('.'));
  return ids;
}

function connectAll(net: Net): void {
  const nodes = [...net.nodes.values()].sort((a, b) => a.id - b.id);
  for (let i = 1; i < nodes.length; i++) join(net, nodes[i - 1] as NetNode, nodes[i] as NetNode);
  const extra = nodes.length * (1 + net.random.below(3));
  for (let i = 0; i < extra; i++) join(net, pick(net), pick(net));
}

function join(net: Net, a: NetNode, b: NetNode): void {
  if (a !== b && !net.linkBetween(a, b)) net.connect(a, b, 1 + net.random.below(60), randomWorth(net));
}

/** Loss, cost and bandwidth that have nothing to do with each other: each class sees another network. */
function randomWorth({ random }: Net): Partial<LinkQuality> {
  const bandwidth = random.chance(0.3) ? 0 : 2 ** random.below(14);
  return { loss: random.chance(0.5) ? 0 : random.unit() * 0.3, cost: random.below(20), bandwidth };
}

function pick(net: Net): NetNode {
  const nodes = [...net.nodes.values()];
  return nodes[net.random.below(nodes.length)] as NetNode;
}

function fault(net: Net): void {
  const { random } = net;
  const node = pick(net);
  const links = [...node.links.values()].filter((link) => link.passes);
  const link = links[random.below(Math.max(1, links.length))];
  switch (random.below(6)) {
    case 0: // a flap
      if (!link) return;
      net.cut(link, 50 + random.below(200));
      net.after(400 + random.below(2000), () => rejoin(net, link.ends[0], link.ends[1]));
      return;
    case 1: // a link for good
      if (link) net.cut(link, 50 + random.below(200));
      return;
    case 2: // a crash with lost state, and a restart under the same id
      if (net.nodes.size < 4) return;
      return crashAndRestart(net, node);
    case 3: // the metrics jump
      if (link) net.setRtt(link, link.delay * 2 * (0.2 + random.unit() * 4.8));
      return;
    case 4:
      if (link) net.setQuality(link, { rtt: link.delay * 2 * (0.2 + random.unit() * 4.8), ...randomWorth(net) });
      return;
    case 5: // a new link
      return join(net, node, pick(net));
  }
}

function crashAndRestart(net: Net, node: NetNode): void {
  const peers = [...node.links.keys()].map((index) => node.peer(index) as NetNode);
  const text = formatNodeId(node.id);
  net.crash(node, 50 + net.random.below(200));
  net.after(300 + net.random.below(3000), () => {
    const born = net.add(text);
    for (const peer of peers) rejoin(net, born, peer);
  });
}

function rejoin(net: Net, a: NetNode, b: NetNode): void {
  const x = net.nodes.get(a.id);
  const y = net.nodes.get(b.id);
  if (x && y) join(net, x, y);
}
