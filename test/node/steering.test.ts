/** Several workers behind one port: which of them receives a link is chosen by its number, or by the kernel's hash where that is refused. */
import * as assert from 'uvu/assert';
import { conserved } from './conservation.js';
import { line, onEachPath, run } from './nodes.js';

onEachPath('steering', (test, path) => {
  if (path === 'portable') {
    test('one worker receives everything, however many are asked for', async () => {
      const net = await line(path, { workers: 3 });
      assert.is(net.b.status().workers, 1);
      assert.not.match(net.b.status().packetPath.reason, /spread/);
      await net.close();
    });
    return;
  }
  for (const [switchedOff, expected] of [
    [undefined, /^native: the addon runs here$/],
    ['1', /spread over the workers by the kernel's hash: switched off by PORTOLAN_NO_STEERING=1/],
  ] as const)
    test(`packets cross a relay of three workers ${switchedOff ? 'spread by the kernel' : 'spread by link'}, and status says how`, async () => {
      if (switchedOff) process.env['PORTOLAN_NO_STEERING'] = switchedOff;
      const net = await line(path, { workers: 3 }).finally(() => delete process.env['PORTOLAN_NO_STEERING']);
      try {
        assert.match(net.b.status().packetPath.reason, expected);
        assert.is((await net.a.ping('1.1.1.3', { count: 10, interval: 5 })).received, 10);
        await conserved([net.a, net.b, net.c]);
      } finally {
        await net.close();
      }
    });
});

run();
