/** The screen of `top`, top-down: the node, its traffic, its drops, its links, the keys. */
import { Box, Text } from 'ink';
import { bandwidthOf } from '../output/bandwidth.js';
import {
  formatBitRate,
  formatCount,
  formatMillis,
  formatPercent,
  formatRate,
  formatUptime,
} from '../output/numbers.js';
import { sparkline } from '../output/sparkline.js';
import { fitColumns, type LinkColumns, type Sort, shortAddress, sortLinks, WIDTHS } from './layout.js';
import type { Flow, LinkRates, Sample } from './sampler.js';

export interface ViewProps {
  readonly sample: Sample;
  readonly width: number;
  readonly height: number;
  readonly sort: Sort;
  /** The first link that is shown. */
  readonly scroll: number;
  readonly paused: boolean;
  /** Why the node does not answer; undefined when it does. */
  readonly trouble: string | undefined;
}

/** Lines that everything but the links takes. */
export const FRAME_LINES = 12;

export function View(props: ViewProps) {
  const { sample, width, height, sort, scroll } = props;
  const columns = fitColumns(width - 2, sample.links);
  const rows = Math.max(1, height - FRAME_LINES);
  const links = sortLinks(sample.links, sort).slice(scroll, scroll + rows);
  const hidden = sample.links.length - links.length;
  return (
    <Box flexDirection="column" width={width} paddingX={1}>
      <Header {...props} />
      <Traffic sample={sample} width={width - 2} />
      <Drops sample={sample} width={width - 2} />
      <Box marginTop={1} flexDirection="column">
        <LinkHeadings columns={columns} sort={sort} />
        {links.map((rates) => (
          <LinkRow key={`${rates.link.peer} ${rates.link.address}`} rates={rates} columns={columns} />
        ))}
        {links.length === 0 ? <Text dimColor>no links: nobody has dialled this node, and it has no peers</Text> : null}
        {hidden > 0 ? <Text dimColor>{`${hidden} more (arrows move)`}</Text> : null}
      </Box>
      <Keys {...props} />
    </Box>
  );
}

function Header({ sample, width, trouble, paused }: ViewProps) {
  const { status } = sample;
  const { packetPath } = status;
  const offloads = width >= 80 ? `  GSO ${packetPath.gso}  GRO ${packetPath.gro}` : '';
  const workers = `${status.workers} ${status.workers === 1 ? 'worker' : 'workers'}`;
  const restarts = status.workerRestarts > 0 ? `, ${status.workerRestarts} restarted` : '';
  return (
    <Box flexDirection="column">
      <Box justifyContent="space-between">
        <Text wrap="truncate">
          <Text bold color="cyan">
            portolan
          </Text>{' '}
          <Text bold>{status.id}</Text>
          <Text dimColor>{`  up ${formatUptime(status.uptimeSeconds)}`}</Text>
          {paused ? <Text color="yellow"> paused</Text> : null}
        </Text>
        <Text wrap="truncate" dimColor>{`${packetPath.kind}${offloads}  ${workers}${restarts}`}</Text>
      </Box>
      <Text dimColor>{'─'.repeat(Math.max(0, width - 2))}</Text>
      {trouble === undefined ? null : <Text color="red">{trouble}</Text>}
    </Box>
  );
}

function Traffic({ sample, width }: { readonly sample: Sample; readonly width: number }) {
  const spark = Math.max(8, width - 34);
  // Both on one scale, so that what comes in and does not leave is seen.
  const ceiling = Math.max(1, ...sample.inHistory.slice(-spark), ...sample.outHistory.slice(-spark));
  const row = (name: string, flow: Flow, history: readonly number[], color: string) => (
    <Text wrap="truncate">
      <Text dimColor>{name.padEnd(5)}</Text>
      <Text bold>{formatRate(flow.packetsPerSecond).padStart(9)}</Text>
      <Text>{formatBitRate(flow.bitsPerSecond).padStart(14)}</Text>
      <Text>{'   '}</Text>
      <Text color={color}>{sparkline(history, spark, 0, ceiling)}</Text>
    </Text>
  );
  return (
    <Box flexDirection="column">
      {row('in', sample.in, sample.inHistory, 'green')}
      {row('out', sample.out, sample.outHistory, 'blue')}
      <Text wrap="truncate">
        <Text dimColor>forwarded </Text>
        {formatRate(sample.forwardedPerSecond)}
        <Text dimColor>{'   delivered '}</Text>
        {formatRate(sample.deliveredPerSecond)}
        <Text dimColor>{'   routes '}</Text>
        {sample.status.routes}
        <Text dimColor>{'   links up '}</Text>
        {sample.status.links}
      </Text>
    </Box>
  );
}

function Drops({ sample, width }: { readonly sample: Sample; readonly width: number }) {
  const reasons = Object.entries(sample.status.counters.dropped)
    .filter(([, total]) => total > 0)
    .map(([reason, total]) => ({ reason, total, rate: sample.droppedPerSecond[reason] ?? 0 }))
    .sort((a, b) => b.rate - a.rate || b.total - a.total)
    .slice(0, Math.max(1, Math.floor((width - 10) / 28)));
  return (
    <Text wrap="truncate">
      <Text dimColor>dropped </Text>
      {reasons.length === 0 ? <Text color="green">nothing</Text> : null}
      {reasons.map(({ reason, total, rate }) => (
        <Text key={reason}>
          {'  '}
          {rate > 0 ? <Text bold color="yellow">{`${reason} ${formatRate(rate)}`}</Text> : <Text>{reason}</Text>}
          <Text dimColor>{` (${formatCount(total)})`}</Text>
        </Text>
      ))}
    </Text>
  );
}

function LinkHeadings({ columns, sort }: { readonly columns: LinkColumns; readonly sort: Sort }) {
  const heading = (text: string, width: number, of?: Sort) => (
    <Text bold={sort === of} color={sort === of ? 'cyan' : 'gray'}>
      {(sort === of ? `${text}▾` : text).padStart(width)}
    </Text>
  );
  return (
    <Text wrap="truncate">
      <Text bold={sort === 'peer'} color={sort === 'peer' ? 'cyan' : 'gray'}>
        {(sort === 'peer' ? 'PEER▾' : 'PEER').padEnd(columns.peer)}
      </Text>
      <Text color="gray">{'ADDRESS'.padEnd(columns.address).slice(0, columns.address)}</Text>
      <Text color="gray">{'STATE'.padEnd(WIDTHS.state)}</Text>
      {heading('IN', WIDTHS.rate, 'in')}
      {' '.repeat(columns.bits)}
      {heading('OUT', WIDTHS.rate, 'out')}
      {' '.repeat(columns.bits)}
      {heading('RTT', WIDTHS.rtt, 'rtt')}
      {' '.repeat(columns.rttSpark)}
      {heading('LOSS', WIDTHS.loss, 'loss')}
      {' '.repeat(columns.lossSpark)}
      <Text color="gray">{columns.bandwidth > 0 ? 'BANDWIDTH'.padStart(columns.bandwidth) : ''}</Text>
    </Text>
  );
}

const STATE_COLORS: Readonly<Record<LinkRates['link']['state'], string>> = {
  up: 'green',
  resolving: 'yellow',
  dialing: 'yellow',
  closing: 'yellow',
  down: 'red',
};

function LinkRow({ rates, columns }: { readonly rates: LinkRates; readonly columns: LinkColumns }) {
  const { link } = rates;
  const isUp = link.state === 'up';
  return (
    <Text wrap="truncate">
      <Text bold={isUp} dimColor={!isUp}>
        {link.peer.padEnd(columns.peer)}
      </Text>
      <Text dimColor>{fit(shortAddress(link.address), columns.address)}</Text>
      <Text color={STATE_COLORS[link.state]}>{link.state.padEnd(WIDTHS.state)}</Text>
      {isUp ? (
        <LiveCells rates={rates} columns={columns} />
      ) : (
        <Text color="yellow">{[link.problem, link.detail].filter(Boolean).join(': ')}</Text>
      )}
    </Text>
  );
}

function LiveCells({ rates, columns }: { readonly rates: LinkRates; readonly columns: LinkColumns }) {
  const { link } = rates;
  const lossColor = link.lossPercent >= 1 ? 'red' : link.lossPercent > 0 ? 'yellow' : 'green';
  return (
    <>
      <FlowCells flow={rates.in} bits={columns.bits} />
      <FlowCells flow={rates.out} bits={columns.bits} />
      <Text>{formatMillis(link.rttMs).padStart(WIDTHS.rtt)}</Text>
      <Spark width={columns.rttSpark} color="magenta" history={rates.rttHistory} ceiling={0} />
      <Text color={lossColor}>{formatPercent(link.lossPercent).padStart(WIDTHS.loss)}</Text>
      <Spark width={columns.lossSpark} color={lossColor} history={rates.lossHistory} ceiling={5} />
      {columns.bandwidth > 0 ? <Text dimColor>{bandwidthOf(link).padStart(columns.bandwidth)}</Text> : null}
    </>
  );
}

interface SparkProps {
  readonly width: number;
  readonly color: string;
  readonly history: readonly (number | null)[];
  readonly ceiling: number;
}

function Spark({ width, color, history, ceiling }: SparkProps) {
  return width === 0 ? null : <Text color={color}>{` ${sparkline(history, width - 1, 0, ceiling || undefined)}`}</Text>;
}

function FlowCells({ flow, bits }: { readonly flow: Flow; readonly bits: number }) {
  return (
    <>
      <Text>{formatRate(flow.packetsPerSecond).padStart(WIDTHS.rate)}</Text>
      {bits > 0 ? <Text dimColor>{formatBitRate(flow.bitsPerSecond).padStart(bits)}</Text> : null}
    </>
  );
}

function Keys({ sort, paused }: ViewProps) {
  return (
    <Box marginTop={1}>
      <Key name="q" meaning="leave" />
      <Key name="s" meaning={`sort: ${sort}`} />
      <Key name="p" meaning={paused ? 'go on' : 'pause'} />
      <Key name="↑↓" meaning="move" />
    </Box>
  );
}

function Key({ name, meaning }: { readonly name: string; readonly meaning: string }) {
  return (
    <Text>
      <Text bold>{name}</Text>
      <Text dimColor>{` ${meaning}   `}</Text>
    </Text>
  );
}

function fit(text: string, width: number): string {
  if (width === 0) return '';
  return (text.length < width ? text : `${text.slice(0, width - 2)}…`).padEnd(width);
}
