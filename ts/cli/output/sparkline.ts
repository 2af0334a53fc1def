/** A history as a row of blocks. */
const BLOCKS = '▁▂▃▄▅▆▇█';

/**
 * The last `width` values, newest at the right; a blank where there is none. The scale goes from `floor` to the largest value, or to `ceiling` when
 * all are smaller.
 */
export function sparkline(
  values: readonly (number | null)[],
  width: number,
  floor = 0,
  ceiling = Number.EPSILON,
): string {
  const shown = values.slice(-width);
  const top = Math.max(ceiling, ...shown.map((value) => value ?? floor));
  const blocks = shown.map((value) => (value === null ? ' ' : block((value - floor) / (top - floor || 1))));
  return blocks.join('').padStart(width);
}

function block(share: number): string {
  const index = Math.round(Math.min(1, Math.max(0, share)) * (BLOCKS.length - 1));
  return BLOCKS[index] as string;
}
