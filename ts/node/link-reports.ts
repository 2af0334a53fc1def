/** Links as people see them: what the control plane knows of each, what the link table has counted, and what the options make of it. */
import { PortKind } from '../memory/link-table.js';
import type { LinkReport } from './admin.types.js';
import type { Core } from './core.js';
import { emulationOf, emulationRules } from './emulation.js';
import type { NodeConfig } from './options.js';
import { linkReport } from './reports.js';

/** One a peer, configured or not, also of those that are not up. */
export function linkReports(
  { control, links }: Pick<Core, 'control' | 'links'>,
  config: NodeConfig,
  now: number,
): LinkReport[] {
  return control.links(now).map((status) => {
    const { link, peer, members } = status;
    if (link === 0) return linkReport(status);
    const { emulate } = config;
    const scheme = links.portKind(link) === PortKind.Tcp ? 'tcp' : 'udp';
    return linkReport(
      status,
      links.counters(link),
      links.queue(link),
      emulationOf(emulate, emulationRules(emulate, config, scheme), links.socket(link), peer),
      members.map((member) => ({
        status: member,
        counters: member.link === 0 ? undefined : links.counters(member.link),
      })),
    );
  });
}
