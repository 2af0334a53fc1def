/** What the checkers found in a simulated run, whatever was simulated. */
export interface Findings {
  readonly seed: number;
  readonly nodes: number;
  readonly loops: number;
  readonly labelInversions: number;
  readonly escapes: number;
  /** What was wrong when the time was up: links and slots, and in runs of whole nodes pairs; 0: converged. */
  readonly unconverged: number;
  /** Milliseconds from the end of the faults until everything was right. */
  readonly convergedAfter: number;
  /** Changes of next hops, each of which was searched for a loop. */
  readonly changes: number;
  /** Packets sent, arrived, and seen twice by one node on their way. */
  readonly packets: number;
  readonly arrived: number;
  readonly revisits: number;
  readonly virtualSeconds: number;
  readonly events: number;
  /** The first sentences about what went wrong. */
  readonly problems: readonly string[];
}
