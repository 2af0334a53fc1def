/** `portolan routes DEST --why`: every neighbour that could be the next hop, and what the rules make of it. */
import type { CandidateReport, RouteExplanationReport, WayReport } from '../../node/admin.types.js';
import type { TrafficClassName } from '../../node/datagram-socket.js';
import { openAdmin } from '../admin-client.js';
import { BadAnswerError } from '../errors.js';
import { print, printJson, printLines } from '../output/print.js';
import { style } from '../output/style.js';
import { type Column, table } from '../output/table.js';
import type { QueryOptions } from './query.types.js';
import { costText } from './routes.js';

export interface WhyOptions extends QueryOptions {
  readonly class: TrafficClassName;
}

const SENTENCES: Readonly<Record<CandidateReport['verdict'], string>> = {
  direct: 'the destination itself, and no farther than by the next hop: packets go straight',
  primary: 'the next hop',
  backup: 'takes over at once when the next hop is lost',
  fallback: 'in the zone of the destination: packets go there while there is no next hop',
  spare: 'may be a next hop, and is not needed',
  label: 'its label is not smaller than ours: it might lead back here',
  suspect: 'the route was lost twice in short time: a fresher label is waited for',
  far: 'farther than can be told',
  retracted: 'has no way any more',
  silent: 'knows no way, or its own goes by us',
};

/** Packets leave by a candidate of these. */
const WAYS: ReadonlySet<CandidateReport['verdict']> = new Set(['direct', 'primary', 'fallback']);

export async function runRoutesWhy(destination: string, options: WhyOptions): Promise<void> {
  const node = await openAdmin(options.admin);
  const why = await node.get<RouteExplanationReport>('/routes/why', { destination, class: options.class });
  const way = await node.get<WayReport>('/way', { destination, class: options.class });
  if (options.json) printJson({ ...why, way });
  else {
    print(`Packets from here to ${destination} go ${way.by === 'none' ? 'nowhere: ' : ''}${way.why}.`);
    print(`${style.bold(why.slot)}, ${why.class}: our label is ${why.label ?? 'none, for there never was a route'}`);
    if (why.suspectMs > 0) print(`Only fresher labels are believed for another ${Math.ceil(why.suspectMs)} ms.`);
    if (why.asking) print('Neighbours are being asked for a label that can be used.');
    if (why.lastJump) {
      const { from, to, peer, agoMs } = why.lastJump;
      print(
        `Its sequence number jumped from ${from} to ${to}, on the word of ${peer}, ${Math.round(agoMs / 1000)} s ago.`,
      );
    }
    printLines(table(COLUMNS, why.candidates));
  }
  if (!WAYS.has(why.candidates[0]?.verdict ?? 'silent'))
    throw new BadAnswerError(options.json ? '' : `no route to ${destination}`);
}

const COLUMNS: readonly Column<CandidateReport>[] = [
  { title: 'NEIGHBOUR', cell: ({ peer }) => style.bold(peer) },
  { title: 'LABEL', cell: ({ label }) => label ?? style.dim('none') },
  {
    title: 'COSTS',
    align: 'right',
    cell: (candidate) => (candidate.label === null ? style.dim('-') : costText(candidate)),
  },
  { title: 'HOPS', align: 'right', cell: ({ hops }) => (hops === null ? style.dim('-') : String(hops)) },
  { title: 'VERDICT', cell: ({ verdict }) => (WAYS.has(verdict) ? style.green(verdict) : verdict) },
  { title: 'BECAUSE', cell: ({ verdict }) => SENTENCES[verdict] },
];
