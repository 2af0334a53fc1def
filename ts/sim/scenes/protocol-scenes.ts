/** Well-known protocols that loop where a destination is a zone with several origins, in the scene that shows it; with labels the same scene is quiet. */

import { invariant } from '../../kit/assert.js';
import type { ScriptedNetwork } from '../scripted-network.js';
import { createVariantRouter, type Variant } from '../variant-router.js';
import { A, B, network, type Scene } from './scene.js';

export const PROTOCOL_SCENES: { readonly [variant in Variant]: Scene } = {
  perOrigin: scene('perOrigin', 'a feasibility distance for each origin of a zone, as Babel has it (RFC 8966)'),
  pathVector: scene('pathVector', 'lists of the nodes on the way, as in BGP'),
  poisonReverse: scene('poisonReverse', 'a plain distance vector with poisoned reverse, as in RIP'),
};

function scene(variant: Variant, what: string): Scene {
  return {
    story: `A and B each reach zone 9 by an origin of their own, and hear of each other's route. Both origins are lost at once, and each takes the other's route before it has heard that it is gone: by ${what}.`,
    fault: 'loop',
    play: (isWhole) => ({ net: lostTogether(isWhole ? undefined : variant), starved: [] }),
  };
}

/**
 * ```
 *   zone 9:  D1      D2
 *            │       │
 *   zone 1:  A ───── B
 * ```
 */
function lostTogether(variant: Variant | undefined): ScriptedNetwork {
  const [origin1, origin2] = [0x09010101, 0x09010102];
  const net = network([A, B, origin1, origin2], {}, variant && createVariantRouter(variant));
  net.connect(A, origin1, 10);
  net.connect(B, origin2, 10);
  net.connect(A, B, 10);
  net.run(1000);
  invariant(net.nextHops(A, 1, 9).primary === origin1, 'A goes to its own origin');
  invariant(net.nextHops(B, 1, 9).primary === origin2, 'B goes to its own origin');
  net.disconnect(A, origin1);
  net.disconnect(B, origin2);
  net.run(1000);
  return net;
}
