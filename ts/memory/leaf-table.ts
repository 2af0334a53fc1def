/** The leaf table: from the id of a leaf of this node to the link that leads to it, whose entry names the leaf as its peer. */
import { IdTable, type IdTableEpochs, type IdTablePlace, IdTableWriter, idSlots } from './id-table.js';
import { LINK_PEER_ID } from './link-table.js';
import { HEADER_WORD_LEAVES, LINK_ENTRY_BYTES, type Region } from './region.js';

/** A worker's end. */
export class LeafTable extends IdTable {
  constructor(region: Region, view?: (words: Int32Array) => Int32Array) {
    super(placeOf(region), view);
  }
}

/** The control thread's end. One object a region. */
export class LeafTableWriter extends IdTableWriter {
  constructor(region: Region, epochs: IdTableEpochs, atomics?: Pick<typeof Atomics, 'store'>) {
    super(placeOf(region), epochs, atomics);
  }
}

function placeOf({ buffer, layout }: Region): IdTablePlace {
  return {
    words: new Int32Array(buffer),
    header: HEADER_WORD_LEAVES,
    base: layout.leafTable / 4,
    slots: idSlots(layout.leaves),
    capacity: layout.leaves,
    ids: (layout.linkEntries + LINK_PEER_ID) / 4,
    stride: LINK_ENTRY_BYTES / 4,
  };
}
