/**
 * The checker of a planet in several threads. Graphs of the inner layers lie within a region, and so within a thread, which checks them. Those of the
 * first layer span all: thread 0 checks them, and the others note what happens in them, in its order.
 *
 * A note is a row of numbers: what it is, and then
 * ```
 *   NEXT     vertex  class  byte  primary  backup      (vertices; 0: none)
 *   LABEL    vertex  class  byte  seqno  distance      (seqno -1: no label)
 *   SETTLE   vertex
 *   REMOVE   vertex
 * ```
 */
import type { CheckedLabel, Checker, Vertex } from '../checker.js';

const OUTER = 1;
const NEXT = 0;
const LABEL = 1;
const SETTLE = 2;
const REMOVE = 3;

/** What a world tells of its nodes. */
export type Watch = Pick<Checker, 'setNext' | 'setLabel' | 'settle' | 'removeVertex'>;

/** Checks the inner layers, and notes what happens in the outer one. */
export class OuterLayerNotes implements Watch {
  readonly #inner: Checker;
  #notes: number[] = [];
  /** Of whom something was noted since it was last settled. */
  readonly #unsettled = new Set<Vertex>();

  constructor(inner: Checker) {
    this.#inner = inner;
  }

  take(): number[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  setNext(
    vertex: Vertex,
    trafficClass: number,
    layer: number,
    byte: number,
    next: { primary: Vertex; backup: Vertex },
  ): void {
    if (layer !== OUTER) return this.#inner.setNext(vertex, trafficClass, layer, byte, next);
    this.#notes.push(NEXT, vertex, trafficClass, byte, next.primary, next.backup);
    this.#unsettled.add(vertex);
  }

  setLabel(vertex: Vertex, trafficClass: number, layer: number, byte: number, label: CheckedLabel | undefined): void {
    if (layer !== OUTER) return this.#inner.setLabel(vertex, trafficClass, layer, byte, label);
    this.#notes.push(LABEL, vertex, trafficClass, byte, label?.seqno ?? -1, label?.distance ?? 0);
    this.#unsettled.add(vertex);
  }

  settle(vertex: Vertex): void {
    this.#inner.settle(vertex);
    if (this.#unsettled.delete(vertex)) this.#notes.push(SETTLE, vertex);
  }

  removeVertex(vertex: Vertex): void {
    this.#inner.removeVertex(vertex);
    this.#unsettled.delete(vertex);
    this.#notes.push(REMOVE, vertex);
  }
}

/** Tells a checker what another thread has noted. */
export function readNotes(notes: readonly number[], checker: Watch): void {
  let at = 0;
  const take = () => notes[at++] as number;
  while (at < notes.length) {
    const [kind, vertex] = [take(), take()];
    if (kind === SETTLE) checker.settle(vertex);
    else if (kind === REMOVE) checker.removeVertex(vertex);
    else {
      const [trafficClass, byte, one, other] = [take(), take(), take(), take()];
      if (kind === NEXT) checker.setNext(vertex, trafficClass, OUTER, byte, { primary: one, backup: other });
      else checker.setLabel(vertex, trafficClass, OUTER, byte, one < 0 ? undefined : { seqno: one, distance: other });
    }
  }
}
