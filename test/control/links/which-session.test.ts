/** Which of two sessions with one peer counts: both ends decide alike, whatever the order in which they see them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinkProblem, NodeRole, Output } from '../../../ts/control/io.js';
import { LatenessBook } from '../../../ts/control/links/lateness.js';
import { LinkPool } from '../../../ts/control/links/link-pool.js';
import { WakeClock } from '../../../ts/control/links/services.js';
import { PENDING_MS, type Session } from '../../../ts/control/links/session.js';
import { Sessions } from '../../../ts/control/links/sessions.js';
import { TrainBudget } from '../../../ts/control/links/train-budget.js';
import { Outbox } from '../../../ts/control/outbox.js';
import { type Timer, TimerQueue } from '../../../ts/control/timer-queue.js';
import { decodeControl } from '../../../ts/wire/control.js';
import { HandshakeFrames } from '../../../ts/wire/handshake-frame.js';
import { FrameType } from '../../../ts/wire/link-header.js';
import { networkSecrets } from '../../../ts/wire/session-keys.js';
import { NETWORK_KEY } from './world.js';

const SMALL = 0x01010101;
const LARGE = 0x01010102;
const key = new Uint8Array(16);

/** The sessions of one end with the other. */
class End {
  readonly outbox = new Outbox();
  readonly over: { session: Session; problem: LinkProblem }[] = [];
  readonly sessions: Sessions;
  readonly peer: number;
  /** How often a link was looked at. */
  observed = 0;
  #links = 0;

  constructor(self: number) {
    this.peer = self === SMALL ? LARGE : SMALL;
    const services = {
      self,
      role: 'relay' as const,
      bootEpoch: 1,
      networkKey: NETWORK_KEY,
      tags: true,
      mtu: 1200,
      probeMtu: false,
      measureBandwidth: false,
      trains: new TrainBudget(),
      lateness: new LatenessBook(),
      sockets: [{ family: 4 }] as const,
      linkTerms: () => ({ cost: 1, bandwidth: 0 }),
      linksPerPeer: 1,
      outbox: this.outbox,
      deadlines: new TimerQueue<Timer>(),
      pool: new LinkPool(1, 63, 0),
      leafPool: new LinkPool(64, 0, 0),
      observer: {
        observe: () => {
          this.observed++;
          return { up: true, rxFrames: 0, txFrames: 0, rxHighest: 0, lastHeard: 0, lastData: 0, mtu: 1200 };
        },
      },
      frames: new HandshakeFrames(networkSecrets(NETWORK_KEY)),
      entropy: (bytes: number) => new Uint8Array(bytes),
      random: () => 0.5,
      phase: 0,
      wake: new WakeClock(),
    };
    this.sessions = new Sessions(services, {
      established: () => undefined,
      ready: () => undefined,
      rttChanged: () => undefined,
      over: (session, { problem }) => this.over.push({ session, problem }),
    });
  }

  install(dialer: number, bootEpoch = 2, peer: number = this.peer, peerRole: NodeRole = 'relay'): Session {
    const link = ++this.#links;
    const terms = {
      link,
      ourNumber: link,
      peerNumber: link,
      peer,
      peerRole,
      bootEpoch,
      weDialed: dialer !== peer,
      dialerNonce: new Uint8Array(16).fill(link),
      sessionId: '',
      rxKey: key,
      txKey: key,
      socket: 0,
      address: { scheme: 'udp', family: 4, host: '10.0.0.1', port: 7000 } as const,
    };
    return this.sessions.install(terms, 0);
  }

  outputs(): Output[] {
    const outputs: Output[] = [];
    for (let output = this.outbox.poll(); output; output = this.outbox.poll()) outputs.push(output);
    return outputs;
  }
}

test('of two that were opened at once, the one that the smaller id dialed stays, in either order', () => {
  for (const self of [SMALL, LARGE])
    for (const order of [
      [SMALL, LARGE],
      [LARGE, SMALL],
    ]) {
      const end = new End(self);
      const sessions = order.map((dialer) => end.install(dialer));
      sessions.forEach((session, i) => session.proven(i));
      const live = end.sessions.live(end.peer);
      assert.is(live?.dialer, SMALL, `at ${self}, order ${order.join()}`);
      assert.equal(
        end.over.map(({ session, problem }) => [session.dialer, problem]),
        [[LARGE, 'replaced']],
      );
    }
});

test('later, a new session replaces the old one, whoever dialed', () => {
  const end = new End(SMALL);
  const old = end.install(SMALL);
  old.proven(0);
  const fresh = end.install(LARGE);
  fresh.proven(PENDING_MS);
  assert.is(end.sessions.live(end.peer), fresh);
  assert.is(old.phase, 'over');
});

test('another incarnation replaces the old one at once', () => {
  const end = new End(SMALL);
  const old = end.install(SMALL);
  old.proven(0);
  const fresh = end.install(LARGE, 3);
  fresh.proven(1);
  assert.is(end.sessions.live(end.peer), fresh);
  assert.equal(end.over, [{ session: old, problem: 'replaced' }]);
});

test('the other end of a replaced session is told, before the link is retired', () => {
  const end = new End(LARGE);
  const old = end.install(LARGE);
  old.proven(0);
  const fresh = end.install(SMALL);
  end.outputs();
  fresh.proven(1);
  const [goodbye, retire] = end.outputs().filter((output) => 'link' in output && output.link === old.terms.link);
  assert.ok(goodbye?.kind === 'send' && goodbye.type === FrameType.Control);
  assert.equal(decodeControl(goodbye.payload), { kind: 'goodbye', reason: 'replaced' });
  assert.is(retire?.kind, 'linkRetire');
});

test('sessions that nobody proves: at most four a peer, the oldest gives way', () => {
  const end = new End(SMALL);
  const pending = Array.from({ length: 10 }, () => end.install(LARGE));
  assert.equal(
    pending.map(({ phase }) => phase),
    [...Array.from({ length: 6 }, () => 'over'), ...Array.from({ length: 4 }, () => 'installed')],
  );
  assert.is(end.sessions.live(end.peer), undefined);
});

test('leaves that prove themselves are not looked at for each other, however many they are; of one there are two at most', () => {
  const end = new End(SMALL);
  const sessions = Array.from({ length: 2000 }, (_, n) => end.install(LARGE + n, 2, LARGE + n, 'leaf'));
  assert.ok(end.observed <= 2000, `${end.observed} looks`);
  assert.ok(sessions.every(({ phase }) => phase === 'installed'));
  const again = [1, 2].map(() => end.install(LARGE, 2, LARGE, 'leaf'));
  assert.equal(
    [sessions[0], ...again].map((session) => session?.phase),
    ['over', 'installed', 'installed'],
  );
  assert.is(end.sessions.ofInit(LARGE, again[1]?.terms.dialerNonce as Uint8Array), again[1]);
});

test('of relays that prove themselves there are so many, then the oldest gives way', () => {
  const end = new End(SMALL);
  const sessions = Array.from({ length: 40 }, (_, n) => end.install(LARGE + n, 2, LARGE + n));
  assert.equal(
    sessions.map(({ phase }) => phase === 'over').lastIndexOf(true),
    40 - 32 - 1,
    'half of the links may be taken so',
  );
});

test.run();
