/** The demonstration: traffic across a relay, the relay is killed, the traffic goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusReport } from '../../node/admin.types.js';
import { Fleet } from '../processes/fleet.js';
import type { NodeProcess } from '../processes/node-process.js';
import { type FlowSample, MeasuredFlow } from './flow.js';
import { type DemoNetwork, startDemoNetwork } from './network.js';
import { RelayMeter } from './relay-meter.js';
import type { DemoRow } from './table.js';

/** Bytes of payload: the most that every link carries. */
const PAYLOAD = 1136;
/** The rates that are tried: each twice the one before, from this one, packets a second. */
const FIRST_RATE = 4000;
const TRY_MS = 250;
/** What the last of them has piled up is gone after this time. */
const DRAIN_MS = 300;
/** How much of the highest clean rate is then sent: this machine carries four nodes at once. */
const SHARE_OF_CEILING = 0.5;

/** Shows what happens, as it happens. */
export interface DemoView {
  starting(): void;
  network(network: DemoNetwork, status: StatusReport): void;
  calibrated(ceiling: number, rate: number): void;
  row(row: DemoRow): void;
  cut(relay: NodeProcess): void;
  recovered(outcome: Failover): void;
}

export interface Failover {
  readonly from: string;
  readonly to: string;
  /** How long no packet came. */
  readonly silenceMs: number;
  readonly lost: number;
}

export interface DemoResult {
  readonly packetPath: string;
  /** Packets a second that were sent, and the highest rate that was tried and came through. */
  readonly rate: number;
  readonly ceilingPacketsPerSecond: number;
  readonly bitsPerSecond: number;
  readonly delayMicros: FlowSample['delayMicros'];
  readonly relayMicrosPerPacket: number | null;
  readonly failover: Failover;
}

/** Runs it all; `showMs`: how long the flow is shown before the cut. */
export async function runDemonstration(view: DemoView, showMs: number): Promise<DemoResult> {
  await using fleet = new Fleet();
  view.starting();
  const network = await startDemoNetwork(fleet);
  const status = await network.source.admin.get<StatusReport>('/status');
  view.network(network, status);

  const flow = new MeasuredFlow(network.source, network.sink, PAYLOAD);
  const meter = new RelayMeter(network.relays);
  const ceiling = await findCeiling(flow);
  const rate = roundDown(ceiling * SHARE_OF_CEILING);
  view.calibrated(ceiling, rate);

  await flow.start(rate);
  const began = performance.now();
  const rows = await showRows(flow, meter, view, began, showMs);
  const failover = await cutRelay(network, flow, view);
  const survivors = network.relays.filter((relay) => relay.id !== failover.from);
  await showRows(flow, new RelayMeter(survivors), view, began, 2000);
  await flow.stop();
  return summarize(status, rate, ceiling, rows, failover);
}

/** Doubles the rate until less arrives than was asked for, or more than one in a hundred is lost. */
async function findCeiling(flow: MeasuredFlow): Promise<number> {
  let best = 0;
  for (let rate = FIRST_RATE; ; rate *= 2) {
    await flow.start(rate);
    await sleep(TRY_MS);
    const { packetsPerSecond, received, lost } = await flow.look();
    if (packetsPerSecond > best) best = packetsPerSecond;
    if (packetsPerSecond < 0.9 * rate || lost > received / 100) break;
  }
  if (best === 0) throw new Error('no packet crossed the relay');
  await flow.stop();
  await sleep(DRAIN_MS);
  return best;
}

async function showRows(
  flow: MeasuredFlow,
  meter: RelayMeter,
  view: DemoView,
  began: number,
  forMs: number,
): Promise<DemoRow[]> {
  const rows: DemoRow[] = [];
  await meter.look();
  await flow.look();
  for (let left = forMs; left > 0; left -= 1000) {
    await sleep(Math.min(1000, left));
    const [sample, use] = await Promise.all([flow.look(), meter.look()]);
    const row = {
      seconds: (performance.now() - began) / 1000,
      flow: sample,
      relay: use?.relay.id ?? '-',
      relayMicros: use?.microsPerPacket,
    };
    rows.push(row);
    view.row(row);
  }
  return rows;
}

/** Kills the relay that the packets take with SIGKILL: it can say goodbye to nobody. */
async function cutRelay(network: DemoNetwork, flow: MeasuredFlow, view: DemoView): Promise<Failover> {
  const meter = new RelayMeter(network.relays);
  await meter.look();
  await flow.reset();
  await sleep(100);
  const relay = (await meter.look())?.relay;
  if (!relay) throw new Error('no relay passes packets on');
  const heir = network.relays.find((other) => other !== relay);
  view.cut(relay);
  await relay.kill();
  await sleep(1000);
  const sample = await flow.look();
  if (sample.packetsPerSecond === 0) throw new Error(`no packet came after ${relay.id} had been killed`);
  const failover = { from: relay.id, to: heir?.id ?? '', silenceMs: sample.longestGapMs, lost: sample.lost };
  view.recovered(failover);
  return failover;
}

function summarize(
  status: StatusReport,
  rate: number,
  ceiling: number,
  rows: readonly DemoRow[],
  failover: Failover,
): DemoResult {
  const last = rows.at(-1);
  return {
    packetPath: status.packetPath.kind,
    rate,
    ceilingPacketsPerSecond: ceiling,
    bitsPerSecond: last?.flow.bitsPerSecond ?? 0,
    delayMicros: last?.flow.delayMicros ?? null,
    relayMicrosPerPacket: last?.relayMicros ?? null,
    failover,
  };
}

/** To two significant digits, so that the rate reads well. */
function roundDown(rate: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(rate)) - 1);
  return Math.max(100, Math.floor(rate / unit) * unit);
}
