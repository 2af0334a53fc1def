import type { LinkReport } from '../../node/admin.types.js';
import { formatBitRate } from './numbers.js';

/** As configured; with a tilde as measured; a link that is too fast to be measured carries at least as much as is said; `?`: nobody knows. */
export function bandwidthOf({
  state,
  bandwidthMbit,
  bandwidthSource,
}: Pick<LinkReport, 'state' | 'bandwidthMbit' | 'bandwidthSource'>): string {
  if (bandwidthMbit === null) return state === 'up' ? '?' : '-';
  const mark = { configured: '', measured: '~', atLeast: '≥' }[bandwidthSource ?? 'configured'];
  return `${mark}${formatBitRate(bandwidthMbit * 1e6)}`;
}
