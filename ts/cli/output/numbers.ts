/** Numbers for people: short, with their unit, of a steady width. */

/** `3.94 M`, `812 k`, `97`: three significant digits. */
export function formatCount(value: number): string {
  const [scaled, prefix] = scale(value);
  return prefix ? `${significant(scaled)} ${prefix}` : significant(scaled);
}

/** Bits a second: `34.1 Gbit/s`. */
export function formatBitRate(bitsPerSecond: number): string {
  const [scaled, prefix] = scale(bitsPerSecond);
  return `${significant(scaled)} ${prefix}bit/s`;
}

/** Packets a second: `3.94 M/s`. */
export function formatRate(perSecond: number): string {
  const [scaled, prefix] = scale(perSecond);
  return `${significant(scaled)}${prefix ? ` ${prefix}` : ' '}/s`;
}

/** Milliseconds as they are best read: `84 µs`, `1.25 ms`, `2.5 s`; `-` when there is none. */
export function formatMillis(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '-';
  if (ms < 1) return `${significant(ms * 1000)} µs`;
  if (ms < 1000) return `${significant(ms)} ms`;
  return `${significant(ms / 1000)} s`;
}

export function formatMicros(micros: number | null | undefined): string {
  return formatMillis(micros === null || micros === undefined ? micros : micros / 1000);
}

export function formatPercent(percent: number): string {
  if (percent === 0) return '0 %';
  return percent < 0.01 ? '<0.01 %' : `${significant(percent)} %`;
}

/** `3d 4h`, `2h 5m`, `41s`. */
export function formatUptime(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([value, unit]) => `${value}${unit}`)
    .join(' ');
}

function scale(value: number): [scaled: number, prefix: string] {
  const size = Math.abs(value);
  // 999.5 would be rounded to "1000": it is one of the next unit already.
  if (size >= 999.5e6) return [value / 1e9, 'G'];
  if (size >= 999.5e3) return [value / 1e6, 'M'];
  if (size >= 999.5) return [value / 1e3, 'k'];
  return [value, ''];
}

/** Three significant digits below 100, whole numbers above; no digits behind the point of a whole number; 0 below a thousandth. */
function significant(value: number): string {
  const size = Math.abs(value);
  if (size < 0.001) return '0';
  if (size >= 99.95 || Number.isInteger(value)) return value.toFixed(0);
  return size >= 9.995 ? value.toFixed(1) : size >= 0.9995 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
}
