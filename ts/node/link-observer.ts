/** The control plane's eye on the link table. */
import type { LinkObservation, LinkObserver } from '../control/io.js';
import type { LinkTableWriter } from '../memory/link-table.js';

export function linkObserver(table: LinkTableWriter): LinkObserver {
  return {
    observe(link: number): LinkObservation {
      return { up: table.isUp(link), mtu: table.mtu(link), ...table.counters(link) };
    },
  };
}
