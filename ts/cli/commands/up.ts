/** `portolan up`: a node until it is told to stop. */
import { createNode, type Node, PortolanError } from '../../index.js';
import { placeInFile } from '../config/load.js';
import { type Settings, settle, type UpFlags } from '../config/settings.js';
import { BadAnswerError, UsageError } from '../errors.js';
import { isText, type Logger, openLog } from '../log.js';
import { packetPathReason, packetPathText } from '../output/packet-path.js';
import { waitForEnd } from '../processes/shutdown.js';

/** A node that does not come to an end in this time is ended. Milliseconds. */
const CLOSE_TIMEOUT = 5000;

export async function runUp(flags: UpFlags, environmentKey: string | undefined): Promise<void> {
  const settings = settle(flags, environmentKey);
  const asText = isText(settings.log.format);
  const log = openLog(settings.log.level, asText);
  const end = waitForEnd();
  const node = await start(settings, flags.config);
  tellEvents(node, log);
  tellReady(node, settings, log, asText);
  const signal = await end;
  log.info({ signal }, 'closing: goodbye to the neighbours (a second signal ends at once)');
  const timer = setTimeout(() => {
    log.error('closing took too long');
    process.exit(1);
  }, CLOSE_TIMEOUT);
  await node.close();
  clearTimeout(timer);
  log.info('closed');
}

async function start({ node: options }: Settings, file: string | undefined): Promise<Node> {
  try {
    return await createNode(options);
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    // What a flag or a key says was checked as it was read: left are options that do not go together.
    if (error.code === 'INVALID_OPTION')
      throw new UsageError(
        file === undefined ? error.message : `${placeInFile(file, error.option ?? '')}: ${error.message}`,
      );
    throw new BadAnswerError(error.message);
  }
}

function tellReady(node: Node, { node: options }: Settings, log: Logger, asText: boolean): void {
  const { role, packetPath, workers } = node.status();
  if (options.networkKey === undefined)
    log.warn('no network key: this is the open network, which any node may join ("portolan keygen" makes a key)');
  if (role === 'leaf' && (options.peers ?? []).length === 0)
    log.warn('no relay: a leaf takes nobody in, so it needs --peer to reach the network');
  const admin = node.adminAddress ?? null;
  const forwards = node.forwardAddresses;
  if (!asText) {
    log.info({ id: node.id, role, listen: node.addresses, forwards, admin, workers, packetPath }, 'ready');
    return;
  }
  log.info(`ready: ${role === 'leaf' ? 'leaf' : 'node'} ${node.id} listens at ${node.addresses.join(', ')}`);
  if (forwards.length > 0) log.info(`forwards from ${forwards.join(', ')}`);
  log.info(
    `packet path: ${packetPathText(packetPath)}, ${workers} ${workers === 1 ? 'worker' : 'workers'} (${packetPathReason(packetPath)})`,
  );
  if (admin !== null) log.info(`admin: ${admin}`);
  log.info(nextStep(node, options.peers ?? []));
}

/** The command that somebody who has just started this node will want next. */
function nextStep(node: Node, peers: readonly string[]): string {
  const peer = peers[0]?.split('@')[0];
  const admin = node.adminAddress === undefined ? '' : ` --admin ${node.adminAddress}`;
  if (peer !== undefined) return `try: portolan ping ${peer}${admin}`;
  return `try, elsewhere: portolan up --id ${neighbourOf(node.id)} --peer ${node.id}@${reachable(node.addresses[0] ?? '')}`;
}

/** An id beside this one. */
function neighbourOf(id: string): string {
  const [geo1, geo2, group, index] = id.split('.');
  return `${geo1}.${geo2}.${group}.${index === '255' ? 254 : Number(index) + 1}`;
}

/** A wildcard address is one to listen on and not to dial. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

function tellEvents(node: Node, log: Logger): void {
  node.on('linkUp', (link) => log.info(link, 'link up'));
  node.on('linkDown', (link) => log.warn(link, 'link down'));
  node.on('linkProblem', (problem) => log.warn(problem, 'link problem'));
  node.on('duplicateId', (other) => log.error(other, 'another node says that it has this id'));
  node.on('workerRestarted', (worker) => log.error(worker, 'a worker crashed and was replaced'));
  node.on('routeChanged', (route) => log.debug(route, 'route changed'));
  node.on('warning', ({ message }) => log.warn(message));
}
