/** How a producer gets room in the ring and makes it visible: alone (claims-one.ts) or among others (claims-many.ts). */
export interface Claims {
  /** Room for a record of `length` bytes among those not yet published: where its bytes start; -1 when the ring is full. */
  claim(length: number, type: number): number;
  /** Room for a record that is published by the next `publish` and alone. Never after a `claim` without `publish`. */
  claimAlone(length: number, type: number): number;
  /** Makes all claimed records visible. False when there was none. */
  publish(): boolean;
  /** Whether a record of `length` bytes would fit now. */
  hasRoom(length: number): boolean;
}
