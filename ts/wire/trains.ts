/**
 * Messages of packet trains as values (proto/portolan/v1/control.proto). Total: what makes no sense yields `malformed`.
 */
import { create } from '@bufbuild/protobuf';
import {
  type TrainReport as ReportMessage,
  type Train as TrainFrameMessage,
  TrainReportSchema,
  TrainSchema,
} from './gen/portolan/v1/control_pb.js';

/** Frames that a train may have. */
export const LEAST_TRAIN = 2;
export const LONGEST_TRAIN = 64;

/** One frame of a train. */
export interface TrainFrame {
  readonly number: number;
  /** 0 .. frames - 1 */
  readonly index: number;
  readonly frames: number;
}

/** What came of one. */
export interface TrainReport {
  readonly number: number;
  /** Frames that arrived, at least one. */
  readonly received: number;
  /** From the first arrival to the last, ms; 0: all were received at once. */
  readonly dispersion: number;
  /** Bytes that arrived within that time. */
  readonly bytes: number;
  /** Frames of other kinds in between. */
  readonly others: number;
}

export type TrainMessage =
  /** `padding`: bytes of zeros behind it. */
  | { readonly kind: 'train'; readonly train: TrainFrame; readonly padding: number }
  | { readonly kind: 'trainReport'; readonly report: TrainReport };

export function writeTrain({ number, index, frames }: TrainFrame, padding: number): TrainFrameMessage {
  return create(TrainSchema, { number, index, frames, padding: new Uint8Array(padding) });
}

export function readTrain({ number, index, frames }: TrainFrameMessage): TrainFrame | 'malformed' {
  const isTrain = frames >= LEAST_TRAIN && frames <= LONGEST_TRAIN && index < frames;
  return isTrain ? { number, index, frames } : 'malformed';
}

export function writeTrainReport({ dispersion, ...report }: TrainReport): ReportMessage {
  return create(TrainReportSchema, { ...report, dispersionUs: Math.min(0xffff_ffff, Math.round(dispersion * 1000)) });
}

export function readTrainReport(message: ReportMessage): TrainReport | 'malformed' {
  const { number, received, dispersionUs, bytes, others } = message;
  if (received < 1 || received > LONGEST_TRAIN) return 'malformed';
  return { number, received, dispersion: dispersionUs / 1000, bytes, others };
}
