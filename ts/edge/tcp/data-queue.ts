/**
 * Data frames that wait until their connection has room. They have neither counter nor tag yet, so that frames of control, which
 * pass them, are no frames out of order.
 *
 * ```
 *   0        4          8                 12
 *   +--------+----------+-----------------+-----------------+----
 *   | length | link     | 1: in transit   | frame           | next record
 *   |        | number   |                 |                 |
 *   +--------+----------+-----------------+-----------------+----
 * ```
 * The link's number is our own for it, generation included; 0: the frame was finished before (emulated links).
 */

const RECORD_BYTES = 12;
const PAGE_BYTES = 128 * 1024;
/** What is kept of a page's room when nothing waits any more. */
const SPARE_PAGES = 1;

interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used: number;
}

export class DataQueue {
  readonly #pages: Page[] = [];
  readonly #spare: Page[] = [];
  /** Where the first record begins in the first page. */
  #at = 0;
  #frames = 0;
  #bytes = 0;

  get frames(): number {
    return this.#frames;
  }

  /** Bytes of the frames. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of the first frame: its length, link number, and whether it is in transit. Only if there is one. */
  get length(): number {
    return this.#first(0);
  }

  get number(): number {
    return this.#first(4);
  }

  get isTransit(): boolean {
    return this.#first(8) === 1;
  }

  push(slab: Uint8Array, at: number, length: number, number: number, isTransit: boolean): void {
    let page = this.#pages.at(-1);
    if (page === undefined || page.used + RECORD_BYTES + length > PAGE_BYTES) {
      page = this.#spare.pop() ?? makePage();
      this.#pages.push(page);
    }
    const { view, bytes, used } = page;
    view.setInt32(used, length);
    view.setInt32(used + 4, number);
    view.setInt32(used + 8, isTransit ? 1 : 0);
    bytes.set(slab.subarray(at, at + length), used + RECORD_BYTES);
    page.used = used + RECORD_BYTES + length;
    this.#frames++;
    this.#bytes += length;
  }

  /** Copies the first frame to `at` of a slab, and takes it out. */
  take(slab: Uint8Array, at: number): void {
    const [page] = this.#pages;
    if (page === undefined) return;
    const { length } = this;
    const from = this.#at + RECORD_BYTES;
    slab.set(page.bytes.subarray(from, from + length), at);
    this.#frames--;
    this.#bytes -= length;
    this.#at = from + length;
    if (this.#at < page.used) return;
    this.#pages.shift();
    this.#at = 0;
    page.used = 0;
    if (this.#spare.length < SPARE_PAGES) this.#spare.push(page);
  }

  /** Takes all out; how many there were. */
  clear(): number {
    const frames = this.#frames;
    this.#pages.length = 0;
    this.#at = 0;
    this.#frames = 0;
    this.#bytes = 0;
    return frames;
  }

  #first(field: number): number {
    const [page] = this.#pages;
    return page === undefined ? 0 : page.view.getInt32(this.#at + field);
  }
}

function makePage(): Page {
  const bytes = new Uint8Array(PAGE_BYTES);
  return { bytes, view: new DataView(bytes.buffer), used: 0 };
}
