/** A child process of bench/leaves.ts: a swarm of leaves, which is told what to do by messages. */
import { LeafSwarm } from './leaf-swarm.js';
import type { SwarmOrder } from './leaf-swarm-messages.js';

const swarm = new LeafSwarm();
process.on('message', (order: SwarmOrder) => {
  if (order.kind === 'join') void swarm.join(order).then(() => process.send?.({ joined: true }));
  else {
    if (order.kind === 'ping') swarm.ping(order.pairs);
    else process.send?.(swarm.counts());
  }
});
process.on('disconnect', () => process.exit(0));
