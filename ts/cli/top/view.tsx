/** The screen of `top`, top-down: the node, its traffic, its drops, its links, the keys. */
import { Box, Text } from 'ink';
import {
  formatBitRate,
  formatCount,
  formatMillis,
  formatPercent,
  formatRate,
  formatUptime,
} from '../output/numbers.js';
import { sparkline } from '../output/sparkline.js';
import { fitColumns, type LinkColumns, type Sort, sortLinks, WIDTHS } from './layout.js';
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
  const columns = fitColumns(width, sample.links);
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
  const path = `${packetPath.kind}  GSO ${packetPath.gso}  GRO ${packetPath.gro}`;
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
        <Text wrap="truncate" dimColor>{`${path}  ${workers}${restarts}`}</Text>
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
        <Text dimColor>{'   links '}</Text>
        {sample.status.links} up
        <Text dimColor>{'   routes '}</Text>
        {sample.status.routes}
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
  const title = (text: string, of: Sort, width: number, right = true) => {
    const marked = sort === of ? `${text}▾` : text;
    return <Text color={sort === of ? 'cyan' : 'gray'}>{right ? marked.padStart(width) : marked.padEnd(width)}</Text>;
  };
  return (
    <Text wrap="truncate">
      {title('PEER', 'peer', WIDTHS.peer, false)}
      {columns.address ? <Text color="gray">{'ADDRESS'.padEnd(columns.address)}</Text> : null}
      <Text color="gray">{'STATE'.padEnd(WIDTHS.state)}</Text>
      {title('IN', 'in', WIDTHS.rate)}
      {columns.bits ? <Text>{' '.repeat(WIDTHS.bits)}</Text> : null}
      {title('OUT', 'out', WIDTHS.rate)}
      {columns.bits ? <Text>{' '.repeat(WIDTHS.bits)}</Text> : null}
      {title('RTT', 'rtt', WIDTHS.rtt)}
      {columns.rttSpark ? <Text>{' '.repeat(columns.rttSpark)}</Text> : null}
      {title('LOSS', 'loss', WIDTHS.loss)}
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
  const lossColor = { color: link.lossPercent >= 1 ? 'red' : link.lossPercent > 0 ? 'yellow' : 'green' };
  return (
    <Text wrap="truncate">
      <Text bold={isUp} dimColor={!isUp}>
        {link.peer.padEnd(WIDTHS.peer)}
      </Text>
      {columns.address ? <Text dimColor>{fit(link.address, columns.address)}</Text> : null}
      <Text color={STATE_COLORS[link.state]}>{link.state.padEnd(WIDTHS.state)}</Text>
      <FlowCells flow={rates.in} bits={columns.bits} />
      <FlowCells flow={rates.out} bits={columns.bits} />
      <Text>{formatMillis(isUp ? link.rttMs : null).padStart(WIDTHS.rtt)}</Text>
      {columns.rttSpark ? <Text color="magenta">{` ${sparkline(rates.rttHistory, columns.rttSpark - 1)}`}</Text> : null}
      <Text {...(isUp ? lossColor : {})}>{(isUp ? formatPercent(link.lossPercent) : '-').padStart(WIDTHS.loss)}</Text>
      {columns.lossSpark ? (
        <Text {...lossColor}>{` ${sparkline(rates.lossHistory, columns.lossSpark - 1, 0, 5)}`}</Text>
      ) : null}
      {link.problem === null ? null : <Text color="yellow">{`  ${link.problem}`}</Text>}
    </Text>
  );
}

function FlowCells({ flow, bits }: { readonly flow: Flow; readonly bits: boolean }) {
  return (
    <>
      <Text>{formatRate(flow.packetsPerSecond).padStart(WIDTHS.rate)}</Text>
      {bits ? <Text dimColor>{formatBitRate(flow.bitsPerSecond).padStart(WIDTHS.bits)}</Text> : null}
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
  return (text.length < width ? text : `${text.slice(0, width - 2)}…`).padEnd(width);
}
