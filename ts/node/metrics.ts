/**
 * The metrics of a node in Prometheus' text format: every counter with its sentence, every link with its state.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import { COUNTERS } from '../memory/counter-names.js';
import type { CountersReport, LinkReport, PinReport, StatusReport } from './admin.types.js';

export interface MetricsSource {
  status(): StatusReport;
  links(): LinkReport[];
  pins(): readonly Pick<PinReport, 'owner' | 'state'>[];
}

export interface Metrics {
  readonly contentType: string;
  /** Reads the node, once, and writes down what it says. */
  scrape(): Promise<string>;
}

/** What all metrics of one scrape are taken from. */
interface Snapshot {
  status: StatusReport;
  links: readonly LinkReport[];
  pins: readonly Pick<PinReport, 'owner' | 'state'>[];
}

/** A registry of its own a node. */
export function createMetrics(node: MetricsSource): Metrics {
  const registry = new Registry();
  const now: Snapshot = { status: node.status(), links: [], pins: [] };
  registry.setDefaultLabels({ node: now.status.id });
  addCounters(registry, now);
  addLinks(registry, now);
  addPins(registry, now);
  const gauge = (name: string, help: string, read: (status: StatusReport) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(now.status));
      },
    });
  gauge('portolan_uptime_seconds', 'Seconds since the node started.', (status) => status.uptimeSeconds);
  gauge('portolan_links_up', 'Links that are up, those of leaves aside.', (status) => status.links);
  gauge('portolan_leaves', 'Leaves that are linked with this node.', (status) => status.leaves);
  gauge('portolan_routes', 'Slots of the forwarding table that have a next hop.', (status) => status.routes);
  gauge('portolan_workers', 'Workers of the packet path.', (status) => status.workers);
  gauge(
    'portolan_worker_restarts',
    'How often a worker was replaced after a crash.',
    (status) => status.workerRestarts,
  );
  return {
    contentType: registry.contentType,
    scrape() {
      now.status = node.status();
      now.links = node.links();
      now.pins = node.pins();
      return registry.metrics();
    },
  };
}

const OWNERS: readonly PinReport['owner'][] = ['user', 'optimiser', 'detour'];

function addPins(registry: Registry, now: Snapshot): void {
  const pins = new Gauge({
    name: 'portolan_pins',
    help: 'Destinations whose packets follow a pinned path. By who wanted it: user, the optimiser (better than the tables), a detour (round a node without a route).',
    labelNames: ['owner'],
    registers: [registry],
    collect() {
      for (const owner of OWNERS)
        this.set({ owner }, now.pins.filter((pin) => pin.owner === owner && pin.state === 'pinned').length);
    },
  });
  pins.reset();
}

function addCounters(registry: Registry, now: Snapshot): void {
  const dropped = new Counter({
    name: 'portolan_dropped_total',
    help: `Frames and packets dropped, by reason. ${COUNTERS.filter(({ kind }) => kind === 'drop')
      .map(({ name, sentence }) => `${name}: ${sentence}`)
      .join(' ')}`,
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, value] of Object.entries(now.status.counters.dropped)) this.inc({ reason }, value);
    },
  });
  dropped.reset();
  for (const { name, sentence, kind } of COUNTERS) {
    if (kind === 'drop') continue;
    const counter = new Counter({
      name: `portolan_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`,
      help: sentence,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(countOf(now.status.counters, name));
      },
    });
    counter.reset();
  }
}

function countOf(counters: CountersReport, name: string): number {
  const value = counters[name];
  return typeof value === 'number' ? value : 0;
}

function addLinks(registry: Registry, now: Snapshot): void {
  const labelNames = ['peer', 'address'] as const;
  const gauge = (name: string, help: string, read: (link: LinkReport) => number | null) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const link of now.links) {
          if (link.role === 'leaf') continue; // thousands: they are counted, and not told one by one
          const value = read(link);
          if (value !== null) this.set({ peer: link.peer, address: link.address }, value);
        }
      },
    });
  gauge('portolan_link_up', 'Whether the link is up: 1 or 0.', (link) => (link.state === 'up' ? 1 : 0));
  gauge('portolan_link_rtt_seconds', 'Smoothed round-trip time of the link.', (link) =>
    link.rttMs === null ? null : link.rttMs / 1000,
  );
  gauge('portolan_link_rtt_variance_seconds', "Mean deviation of the link's round-trip time.", (link) =>
    link.rttVarianceMs === null ? null : link.rttVarianceMs / 1000,
  );
  gauge('portolan_link_cost', 'Administrative cost of the link, 0 to 1000.', (link) => link.cost);
  gauge(
    'portolan_link_bandwidth_bits_per_second',
    'What the link carries towards its peer, as configured or measured; absent where nobody knows.',
    (link) => (link.bandwidthMbit === null ? null : link.bandwidthMbit * 1e6),
  );
  gauge('portolan_link_loss_in_ratio', 'Frames lost towards this node, 0 to 1.', (link) => link.lossInPercent / 100);
  gauge(
    'portolan_link_loss_out_ratio',
    'Frames lost away from this node, 0 to 1.',
    (link) => link.lossOutPercent / 100,
  );
  gauge('portolan_link_received_bytes', 'Bytes received by the present session of the link.', (link) => link.rxBytes);
  gauge('portolan_link_sent_bytes', 'Bytes sent by the present session of the link.', (link) => link.txBytes);
}
