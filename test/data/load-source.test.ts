import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LoadSource } from '../../ts/data/load-source.js';
import {
  createLoadStats,
  LOAD_MAX_BYTES,
  LOAD_MIN_BYTES,
  loadBlock,
  readLoadSource,
} from '../../ts/memory/load-stats.js';
import { StageRig } from './stage-rig.js';

const SELF = 0x01010101;
const PEER = 0x01010102;

for (const size of [LOAD_MIN_BYTES, 512, LOAD_MAX_BYTES])
  test(`as fast as it goes, payloads of ${size} bytes leave in every step`, () => {
    const rig = new StageRig(SELF);
    const stats = createLoadStats(1);
    const source = new LoadSource(rig.context, loadBlock(stats, 0));
    source.start({ destination: PEER, port: 6000, size, rate: 0, flows: 1, seconds: 0 });
    assert.ok(source.step() > 32, 'more than a few in one step');
    rig.send();
    assert.ok(source.step() > 32);
    assert.ok(readLoadSource(stats).sent > 64);
  });

test.run();
