/** Colours, only where a person looks: a terminal, and NO_COLOR not set (picocolors knows both). */
import picocolors from 'picocolors';

/** Colours for standard output. */
export const style = picocolors.createColors(
  picocolors.isColorSupported && (process.stdout.isTTY || process.env['FORCE_COLOR'] !== undefined),
);

/** Colours for standard error. */
export const errorStyle = picocolors.createColors(
  picocolors.isColorSupported && (process.stderr.isTTY || process.env['FORCE_COLOR'] !== undefined),
);
