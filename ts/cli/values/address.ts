/** Ids, addresses, port forwards and keys: the library's own readers, so that flags, files and `createNode` agree on every text. */
import {
  parseBootstrap,
  parseExpose,
  parseForward,
  parseId,
  parsePeer,
  parsePort,
  parseTransportUrl,
} from '../../node/addresses.js';
import type { TrafficClassName } from '../../node/datagram-socket.js';
import { parseEmulation } from '../../node/emulation.js';
import { PortolanError } from '../../node/errors.js';
import { checkNetworkKey } from '../../node/network-key.js';
import { parseAdmin } from '../../node/options.js';
import { optionsBehind, withoutOptions } from '../../node/rates.js';
import { parseTrafficClass } from '../../node/traffic-class.js';
import { bad, good, type Parser } from './value.js';

/** Turns a reader that throws into one that says what was expected, and keeps the text. */
function reader(read: (text: string, option: string) => unknown): Parser<string> {
  return (text) => {
    try {
      read(text, 'value');
      return good(text);
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      return { problem: error.message.replace(/^value: /, '') };
    }
  };
}

/** A node's id, as in `1.1.1.2`. */
export const idText = reader(parseId);

/** Where to listen, as in `udp://0.0.0.0:7000` or `tcp://0.0.0.0:7000`; port 0 lets the system choose. */
export const listenText = reader((text, option) => {
  optionsBehind(text, option);
  return parseTransportUrl(withoutOptions(text), option, 0);
});

/** A neighbour to dial, as in `1.1.1.1@udp://192.0.2.1:7000` or `1.1.1.1@tcp://192.0.2.1:7000`. */
export const peerText = reader((text, option) => {
  optionsBehind(text, option);
  return parsePeer(withoutOptions(text), option);
});

/** A node to begin with, as in `1.1.1.1@udp://192.0.2.1:7000` or `udp://192.0.2.1:7000`. */
export const bootstrapText = reader((text, option) => {
  optionsBehind(text, option);
  return parseBootstrap(withoutOptions(text), option);
});

/** What comes in at the left leaves at the right, as in `udp://127.0.0.1:5000=1.1.1.3:6000`. */
export const forwardText = reader(parseForward);

/** What arrives at this node's port goes to a service here, as in `6000=udp://127.0.0.1:9000`. */
export const exposeText = reader(parseExpose);

/** A traffic class, as in `lowCost` or `low-cost`. */
export const trafficClassText: Parser<TrafficClassName> = (text) => {
  try {
    return good(parseTrafficClass(text, 'value'));
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return { problem: error.message.replace(/^value: /, '') };
  }
};

/** The same, or all of them. */
export const trafficClassesText: Parser<TrafficClassName | 'all'> = (text) =>
  text === 'all' ? good(text) : trafficClassText(text);

/** A network to emulate, as in `delay=50ms loss=1%` or `1.1.1.2 rate=50Mbit`. */
export const emulationText = reader(parseEmulation);

/** `off`, the path of a unix socket, or HOST:PORT. */
export const adminText = reader(parseAdmin);

/** 64 hexadecimal digits or a passphrase. Its text is not repeated in messages. */
export const networkKeyText = reader(checkNetworkKey);

/** A socket of another node. */
export interface OverlayAddress {
  readonly id: string;
  readonly port: number;
}

/** As in `1.1.1.3:6000`. */
export const overlayAddress: Parser<OverlayAddress> = (text) => {
  const [id, port, ...rest] = text.split(':');
  try {
    parseId(id, 'id');
    return rest.length === 0 ? good({ id: id as string, port: parsePort(port, 'port') }) : bad(EXPECTED, text);
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return bad(EXPECTED, text);
  }
};

const EXPECTED = "a node's port such as 1.1.1.3:6000";
