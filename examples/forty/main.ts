/**
 * A network of forty processes on this machine, as far from each other as PlanetLab's nodes were, each told one address to begin with: do they find each
 * other, and what do flows notice when nodes die? See --help; exits with 1 when a promise is not kept.
 */

import { untilCalm } from './calm.js';
import { costOf } from './cost.js';
import { Flows, pairUp } from './flows.js';
import { type Kill, killOne } from './kills.js';
import { countLinks } from './links.js';
import { type Options, readOptions, USAGE } from './options.js';
import { delaysOf, emulationOf, type Place, placesOf } from './places.js';
import { each, type NodeProcess, Processes, runPortolan } from './processes.js';
import { Random } from './random.js';
import { reachOf } from './reach.js';
import { millis, promisesOf, type Result, type Shown, tableOf } from './report.js';

/**
 * Starting is work for the processor: so many nodes at once. Not fewer, for those that wait for their turn are slowed by all that run and make their links.
 */
const STARTS_AT_ONCE = 12;
const PATIENCE_SECONDS = 60;
/** How long the network is left alone, for costs to be looked at. Milliseconds. */
const REST_MS = 5000;

async function run(options: Options, tell: (line: string) => void): Promise<Result> {
  const random = new Random(options.seed);
  const processes = new Processes();
  const began = performance.now();
  tell(`Starting ${options.nodes} nodes, each with one address to begin with`);
  const places = placesOf(options.nodes);
  await startAll(processes, places, options, tell);
  const startSeconds = (performance.now() - began) / 1000;
  tell(`All listen after ${startSeconds.toFixed(1)} s; does each reach each?`);
  await untilCalm(processes.nodes, tell);
  const reach = await reachOf(processes.nodes, PATIENCE_SECONDS, tell);
  tell(`${reach.pairs - reach.missing.length} of ${reach.pairs} pings were answered; a look at the costs`);
  const atRest = await costOf(processes.nodes, REST_MS);
  const linksAtFirst = await countLinks(processes.nodes);

  const flows = new Flows(await pairUp(processes.nodes, random));
  await flows.start();
  await untilCalm(processes.nodes, tell);
  tell(`${flows.all.length} flows run, a packet each 10 ms`);
  const withFlows = await costOf(processes.nodes, REST_MS);
  const kills = await killSome(processes, flows, random, delaysOf(places), options.kills, tell);
  await flows.stop();

  tell('Do those that are left reach each other?');
  const reachAfter = await reachOf(processes.alive, PATIENCE_SECONDS, tell);
  const linksAtLast = await countLinks(processes.alive);
  const shown = await explain(flows);
  return {
    nodes: options.nodes,
    seed: options.seed,
    startSeconds,
    reach,
    linksAtFirst,
    linksAtLast,
    atRest,
    withFlows,
    flows: flows.all.length,
    kills,
    reachAfter,
    shown,
  };
}

/** The first one, and then all others, which know its address and nothing else. */
async function startAll(
  processes: Processes,
  places: readonly Place[],
  { nodes, links }: Options,
  tell: (line: string) => void,
): Promise<void> {
  const [first, ...others] = places;
  if (!first) throw new RangeError('a network of no nodes');
  const { url } = await processes.start(first.id, { neighbours: links, emulate: emulationOf(first) });
  const bootstrap = [`${first.id}@${url}`];
  await each(others, STARTS_AT_ONCE, async (place) => {
    await processes.start(place.id, { bootstrap, neighbours: links, emulate: emulationOf(place) });
    if (processes.nodes.length % 10 === 0) tell(`${processes.nodes.length} of ${nodes} listen`);
  });
}

async function killSome(
  processes: Processes,
  flows: Flows,
  random: Random,
  delay: ReturnType<typeof delaysOf>,
  count: number,
  tell: (line: string) => void,
): Promise<Kill[]> {
  const kills: Kill[] = [];
  while (kills.length < count) {
    const kill = await killOne(processes, flows, random, delay);
    kills.push(kill);
    tell(`${kill.id} was killed: it carried ${kill.hits.length} flows; ${silences(kill)}`);
  }
  return kills;
}

function silences({ hits, othersSilenceMs }: Kill): string {
  const longest = Math.max(0, ...hits.map(({ silenceMs }) => silenceMs));
  return `silence ${millis(longest)} at most, all others ${millis(othersSilenceMs)}`;
}

/** One pair, as people would look at it: the one whose way has most hops. */
async function explain(flows: Flows): Promise<Shown[]> {
  const ways = await flows.ways();
  const [longest] = ways.sort((a, b) => b.path.length - a.path.length);
  if (!longest) return [];
  const { source, sink } = longest.flow;
  return Promise.all([
    show(source, 'trace', sink.id),
    show(source, 'route', sink.id, '--rtt', '<2s'),
    show(source, 'routes', sink.id, '--why'),
  ]);
}

async function show({ id, admin }: NodeProcess, ...args: string[]): Promise<Shown> {
  return { command: `portolan ${args.join(' ')} --admin ${id}`, ...(await runPortolan([...args, '--admin', admin])) };
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const write = (line: string) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  const began = performance.now();
  const tell = (line: string) => write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  const result = await run(options, tell);
  const promises = promisesOf(result);
  for (const line of tableOf(result, promises)) write(line);
  if (options.json) console.log(JSON.stringify({ ...result, promises }, null, 2));
  return promises.some(({ isKept }) => isKept === false) ? 1 : 0;
}

// The nodes still run: they end with this process, however it ends.
try {
  process.exit(await main());
} catch (error) {
  console.error(`forty: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(error instanceof RangeError || error instanceof TypeError ? 2 : 1);
}
