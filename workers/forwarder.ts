/**
 * The forwarder: the thread through which every packet goes. This is its whole life; what happens to a packet in one step is in
 * ts/data/pipeline.ts, stage by stage.
 *
 * On the native path the thread sleeps inside `port.receive`, in one wait on its sockets and an eventfd, and never returns to its event
 * loop. On the portable path dgram brings packets by the event loop, as net does over TCP, so the loop is turned inside out: each event
 * makes a step.
 *
 * A thread first loads code and then waits to be told which worker it is: so a spare one, loaded beforehand, takes a dead one's place at
 * once (ts/node/worker-threads.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadData, WorkerMessage, WorkerStart } from '../ts/data/worker-contract.js';
import { loadAddon } from '../ts/edge/native/addon.js';
import { Agent } from './forwarder/agent.js';
import { StartProblem, sleepsInPort } from './forwarder/open-port.js';

const tell = (message: WorkerMessage) => parentPort?.postMessage(message);
let living: Agent | undefined;

/** The native path: take a batch, decide, send; sleep when nothing comes. */
function runBlocking(agent: Agent): void {
  while (!agent.stopped) agent.step(agent.mayWait());
  agent.close();
  parentPort?.close();
}

/** The portable path: a step after each round of events, and when the agent asks for one by the clock. */
function runOnEvents(agent: Agent): void {
  let scheduled = false;
  let timer: NodeJS.Timeout | undefined;
  let timerMs = 0;
  const step = () => {
    scheduled = false;
    agent.step(0);
    if (agent.stopped) return end();
    const wait = agent.mayWait();
    if (wait === 0) schedule();
    else stepIn(wait);
  };
  // One timer, set back after each step: a new one a step would cost more than the step's own work.
  const stepIn = (ms: number) => {
    if (timer !== undefined && ms === timerMs) {
      timer.refresh();
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(step, ms);
    timerMs = ms;
  };
  const schedule = () => {
    if (!scheduled) setImmediate(step);
    scheduled = true;
  };
  const end = () => {
    clearTimeout(timer);
    agent.close();
    parentPort?.close();
  };
  agent.onWork = (full) => (full ? agent.step(0) : schedule());
  parentPort?.on('message', schedule);
  schedule();
}

function run(start: WorkerStart): void {
  try {
    const agent = new Agent(start, tell);
    living = agent;
    const live = () => {
      tell(agent.ready());
      if (sleepsInPort(start)) runBlocking(agent);
      else runOnEvents(agent);
    };
    if (agent.opened === undefined) live();
    else agent.opened.then(live).catch(refuse);
  } catch (error) {
    refuse(error);
  }
}

function refuse(error: unknown): void {
  if (!(error instanceof StartProblem)) throw error; // a crash
  tell(error.problem);
  parentPort?.close();
}

// The thread takes some milliseconds to end, on a busy machine many; its successor need not wait for that.
process.on('uncaughtExceptionMonitor', (error) => {
  living?.abandon();
  tell({ type: 'crashed', message: error.message });
});
if ((workerData as ThreadData).packetPath === 'native') loadAddon();
parentPort?.once('message', run);
tell({ type: 'loaded' });
