/** JSON schemas of what clients send; fastify checks every request against them. */
import { TRAFFIC_CLASS_NAMES } from '../../wire/network-header.js';
import { MAX_HOPS } from '../../wire/route-query.js';

const id = { type: 'string', pattern: '^\\d{1,3}(\\.\\d{1,3}){3}$' } as const;
const trafficClass = { enum: TRAFFIC_CLASS_NAMES, default: 'lowLatency' } as const;
const timeoutMs = { type: 'number', minimum: 1, maximum: 600_000, default: 1000 } as const;

export const routesQuery = {
  type: 'object',
  additionalProperties: false,
  properties: { destination: id, class: { enum: [...TRAFFIC_CLASS_NAMES, 'all'], default: 'lowLatency' } },
} as const;

export const whyQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['destination'],
  properties: { destination: id, class: trafficClass },
} as const;

export const pingQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['destination'],
  properties: {
    destination: id,
    timeoutMs,
    size: { type: 'integer', minimum: 0, maximum: 1136, default: 0 },
    class: trafficClass,
  },
} as const;

export const traceQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['destination'],
  properties: {
    destination: id,
    timeoutMs,
    maxHops: { type: 'integer', minimum: 1, maximum: 255, default: 32 },
    class: trafficClass,
  },
} as const;

const limit = { type: 'number', minimum: 0 } as const;

const limits = {
  rttMs: { type: 'number', exclusiveMinimum: 0 },
  cost: limit,
  mbps: limit,
  lossPercent: { type: 'number', minimum: 0, exclusiveMaximum: 100 },
  hops: { type: 'integer', minimum: 1, maximum: MAX_HOPS },
} as const;

export const routeQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['destination'],
  properties: { destination: id, ...limits },
} as const;

export const pinBody = {
  type: 'object',
  additionalProperties: false,
  required: ['destination'],
  properties: {
    destination: id,
    class: trafficClass,
    limits: { type: 'object', additionalProperties: false, properties: limits, default: {} },
  },
} as const;

export const pinQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['number'],
  properties: { number: { type: 'integer', minimum: 1 } },
} as const;

const port = { type: 'integer', minimum: 1, maximum: 65_535 } as const;

export const loadSourceBody = {
  type: 'object',
  additionalProperties: false,
  required: ['destination', 'port', 'size', 'rate'],
  properties: {
    destination: id,
    port,
    size: { type: 'integer', minimum: 16, maximum: 1152 },
    rate: { type: 'number', minimum: 0, maximum: 1e9 },
    flows: { type: 'integer', minimum: 1, maximum: 1024 },
    seconds: { type: 'number', exclusiveMinimum: 0, maximum: 86_400 },
    echo: { type: 'boolean' },
    sourcePort: port,
  },
} as const;

export const loadSinkBody = {
  type: 'object',
  additionalProperties: false,
  required: ['port'],
  properties: { port },
} as const;

export const peerBody = {
  type: 'object',
  additionalProperties: false,
  required: ['peer'],
  properties: { peer: { type: 'string', maxLength: 300 } },
} as const;

export const peerQuery = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: { id },
} as const;

export const faultBody = {
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'worker'],
  properties: {
    kind: { enum: ['crashWorker', 'hangWorker', 'exhaustWorker'] },
    worker: { type: 'integer', minimum: 0, maximum: 63 },
  },
} as const;
