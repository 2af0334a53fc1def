/** The string formats that docs/portolan.schema.json names: the same readers as the flags have. */
import {
  adminText,
  bootstrapText,
  emulationText,
  exposeText,
  forwardText,
  idText,
  listenText,
  networkKeyText,
  peerText,
} from '../values/address.js';
import type { Parser } from '../values/value.js';

export const FORMATS: Readonly<Record<string, Parser<string>>> = {
  'node-id': idText,
  'listen-address': listenText,
  peer: peerText,
  bootstrap: bootstrapText,
  'network-key': networkKeyText,
  forward: forwardText,
  expose: exposeText,
  admin: adminText,
  emulation: emulationText,
};
