import { test } from 'uvu';
import { loadAddon } from '../../ts/edge/native/addon.js';
import { NativeUdpPort } from '../../ts/edge/native/udp-port.js';
import { PortableUdpPort } from '../../ts/edge/portable/udp-port.js';
import { portBehaviour } from './port-behaviour.js';

portBehaviour('portable', test, (region, batch, counters) => {
  const port = new PortableUdpPort({
    region,
    batch,
    counters,
    sockets: [{ host: '127.0.0.1', port: 0 }],
    onWork: () => undefined,
    onWarning: (error) => {
      throw error;
    },
  });
  return { port, udpPort: port.boundPort(0), close: () => port.close() };
});

const { addon } = loadAddon();
if (addon)
  portBehaviour('native', test, (region, batch) => {
    const { fd, port: udpPort } = addon.openUdpSocket({
      host: '127.0.0.1',
      port: 0,
      reusePort: true,
      fragments: false,
      receiveBuffer: 1 << 20,
      sendBuffer: 1 << 20,
      gso: true,
      gro: true,
    });
    const sockets = [{ host: '127.0.0.1', port: udpPort, fd }];
    const options = { worker: 0, wakeFd: -1, sockets, gso: true, gro: true, rings: [] };
    const port = new NativeUdpPort({ addon, region, batch, ...options });
    const close = () => {
      port.close();
      addon.closeSocket(fd);
    };
    return { port, udpPort, close };
  });

test.run();
