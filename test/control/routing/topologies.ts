/** Networks to try the protocol on. */
import { Net, type NetNode, type NetOptions } from './harness.js';

export function line(count: number, options?: NetOptions): Net {
  const net = new Net(options);
  const nodes = Array.from({ length: count }, (_, i) => net.add(`1.1.1.${i + 1}`));
  for (let i = 1; i < count; i++) net.connect(nodes[i - 1] as NetNode, nodes[i] as NetNode, 5);
  return net;
}

export function ring(count: number, options?: NetOptions): Net {
  const net = line(count, options);
  net.connect(net.node(`1.1.1.${count}`), net.node('1.1.1.1'), 5);
  return net;
}

/** Random links, each node with at least `degree` of them, and a ring that keeps it together. */
export function mesh(count: number, degree: number, options?: NetOptions): Net {
  const net = ring(count, options);
  addRandomLinks(net, degree);
  return net;
}

/** Nodes on four layers: `shape` gives how many zones each level has in the one above, and nodes at the end. */
export function layered(shape: readonly [number, number, number, number], degree: number, options?: NetOptions): Net {
  const net = new Net(options);
  const ids: string[] = [];
  const [g1, g2, groups, indexes] = shape;
  for (let a = 1; a <= g1; a++)
    for (let b = 1; b <= g2; b++)
      for (let c = 1; c <= groups; c++) for (let d = 1; d <= indexes; d++) ids.push(`${a}.${b}.${c}.${d}`);
  const nodes = ids.map((text) => net.add(text));
  // A line through the ids in order keeps every zone connected.
  for (let i = 1; i < nodes.length; i++)
    net.connect(nodes[i - 1] as NetNode, nodes[i] as NetNode, 2 + net.random.below(10));
  addRandomLinks(net, degree);
  return net;
}

export function addRandomLinks(net: Net, degree: number): void {
  const nodes = [...net.nodes.values()];
  for (const node of nodes) {
    for (let tries = 0; node.links.size < degree && tries < 100; tries++) {
      const other = nodes[net.random.below(nodes.length)] as NetNode;
      if (other !== node && !net.linkBetween(node, other)) net.connect(node, other, 2 + net.random.below(40));
    }
  }
}
