/** What docs/cli.md promises of `--json`, as JSON schemas. Further fields are allowed, missing ones are not. */
import { Ajv } from 'ajv';

const number = { type: 'number' } as const;
const text = { type: 'string' } as const;
const id = { type: 'string', pattern: '^\\d+\\.\\d+\\.\\d+\\.\\d+$' } as const;
const orNull = (schema: { readonly type: string }) => ({ ...schema, type: [schema.type, 'null'] });
const numbers = { type: 'object', additionalProperties: number } as const;

function object(properties: Readonly<Record<string, object>>) {
  return { type: 'object', required: Object.keys(properties), properties };
}

function list(items: object) {
  return { type: 'array', items };
}

const play = object({
  changes: number,
  loops: number,
  labelInversions: number,
  escapes: number,
  starved: number,
  violations: list(object({ kind: text, time: number, text })),
});
const offload = { enum: ['on', 'off', 'lost'] };
const linkState = { enum: ['resolving', 'dialing', 'up', 'down', 'closing'] };
const flow = object({ packetsPerSecond: number, bitsPerSecond: number });
const delay = object({ p50: number, p99: number, p999: number, max: number });

const distribution = object({ count: number, mean: number, p50: number, p95: number, p99: number, max: number });
const paths = object({
  pairs: number,
  broken: number,
  hops: distribution,
  otherHops: list(distribution),
  stretch: distribution,
  linkStretch: distribution,
  overDirect: distribution,
  worseThanDirect: number,
  hopsCurve: list(number),
  stretchCurve: list(number),
  linkStretchCurve: list(number),
});

export const SCHEMAS = {
  status: object({
    id,
    role: { enum: ['relay', 'leaf'] },
    version: text,
    pid: number,
    uptimeSeconds: number,
    listen: list(text),
    packetPath: object({ kind: { enum: ['native', 'portable'] }, gso: offload, gro: offload, reason: text }),
    workers: number,
    tcpWorker: { type: 'boolean' },
    workerRestarts: number,
    links: number,
    leaves: number,
    maxLeaves: number,
    routes: number,
    emulation: list(text),
    counters: object({
      forwarded: number,
      delivered: number,
      sent: number,
      received: number,
      sentBytes: number,
      receivedBytes: number,
      dropped: { ...numbers, minProperties: 10 },
    }),
  }),
  links: list(
    object({
      peer: id,
      address: text,
      state: linkState,
      role: { enum: ['relay', 'leaf', null] },
      foreign: { type: 'boolean' },
      rttMs: orNull(number),
      rttVarianceMs: orNull(number),
      lossPercent: number,
      lossInPercent: number,
      lossOutPercent: number,
      cost: orNull(number),
      bandwidthMbit: orNull(number),
      bandwidthSource: { enum: ['configured', 'measured', 'atLeast', null] },
      problem: orNull(text),
      detail: text,
      emulation: orNull(text),
      queue: orNull({ ...object({ bitsPerSecond: number, frames: number, dropped: number, marked: number }) }),
      rxFrames: number,
      rxBytes: number,
      txFrames: number,
      txBytes: number,
      members: list(object({ member: number, state: text, rttMs: orNull(number), rxFrames: number, txFrames: number })),
    }),
  ),
  routes: list(
    object({
      destination: text,
      layer: { enum: [1, 2, 3, 4] },
      nextHop: id,
      backup: orNull(id),
      rttMs: number,
      hops: number,
    }),
  ),
  ping: object({
    destination: id,
    sent: number,
    received: number,
    lossPercent: number,
    rttMs: { ...object({ min: number, p50: number, p99: number, max: number }), type: ['object', 'null'] },
    errors: numbers,
  }),
  trace: object({ destination: id, hops: list(object({ id: orNull(id), rttMs: orNull(number) })) }),
  top: object({
    id,
    uptimeSeconds: number,
    in: flow,
    out: flow,
    forwardedPerSecond: number,
    deliveredPerSecond: number,
    droppedPerSecond: numbers,
    routes: number,
    links: list(
      object({
        peer: id,
        address: text,
        state: linkState,
        rttMs: orNull(number),
        lossPercent: number,
        in: flow,
        out: flow,
      }),
    ),
  }),
  demo: object({
    packetPath: text,
    rate: number,
    ceilingPacketsPerSecond: number,
    bitsPerSecond: number,
    delayMicros: delay,
    relayMicrosPerPacket: orNull(number),
    failover: object({ from: id, to: id, silenceMs: number, lost: number }),
  }),
  'sim scenes': list(
    object({ name: text, story: text, whole: play, without: play, isAsExpected: { type: 'boolean' } }),
  ),
  'sim routers': object({
    seed: number,
    runs: number,
    failed: number,
    loops: number,
    labelInversions: number,
    unconverged: number,
    convergedAfter: number,
    slowest: number,
    changes: number,
    messages: number,
    packets: number,
    revisits: number,
    virtualSeconds: number,
    threadSeconds: number,
    failures: list(object({ seed: number, command: text, problems: list(text) })),
  }),
  'sim planet --runs': object({
    runs: number,
    seed: number,
    loops: number,
    labelInversions: number,
    unconverged: number,
    planets: list(object({ seed: number, calm: paths, problems: list(text) })),
  }),
  'sim queries': object({
    seed: number,
    nodes: number,
    links: number,
    wrong: number,
    possible: number,
    met: number,
    messages: distribution,
    answerMs: distribution,
    hopeless: number,
    hopelessMessages: distribution,
    untrue: number,
  }),
  'sim planet': object({
    seed: number,
    nodes: number,
    links: number,
    classes: number,
    loops: number,
    labelInversions: number,
    unconverged: number,
    startedAfter: number,
    convergedAfter: number,
    tables: object({ links: distribution, slots: distribution, backups: list(number), otherWays: list(number) }),
    calm: paths,
    after: paths,
    controlBitsPerLink: number,
    changesPerSecondAndNode: number,
    packets: numbers,
    happened: list(text),
    moments: list(object({ second: number, live: number, changes: number, bitsPerLink: number })),
    problems: list(text),
    cost: object({ cpuSeconds: number, wallSeconds: number, residentMegabytes: number }),
  }),
  sim: object({
    runs: number,
    seed: number,
    loops: number,
    labelInversions: number,
    unconverged: number,
    pins: object({
      pinned: number,
      lost: number,
      refused: number,
      searches: number,
      labelled: number,
      fellBack: number,
      optimiser: number,
      detour: number,
      revisits: number,
      entries: number,
      paths: number,
      violations: number,
    }),
    failures: list(object({ seed: number, command: text })),
  }),
  keygen: object({ networkKey: { type: 'string', pattern: '^[0-9a-f]{64}$' } }),
} as const;

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false });

/** Parses `json` and throws, with all that is wrong, when it is not as promised. */
export function parseAs(name: keyof typeof SCHEMAS, json: string): unknown {
  const value: unknown = JSON.parse(json);
  const check = ajv.compile(SCHEMAS[name]);
  if (!check(value)) throw new Error(`${name}: ${ajv.errorsText(check.errors)}\n${json}`);
  return value;
}
