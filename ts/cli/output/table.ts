/** Plain tables: aligned columns under dim headings, no frames, so that they read well and cut well. */
import { stripVTControlCharacters } from 'node:util';
import { style } from './style.js';

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string;
}

/** The table's lines, headings first. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [style.dim(line(columns.map((column) => column.title))), ...cells.map(line)];
}

/** Pads by what is seen and not by the bytes of colours. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + fill : fill + text;
}

export function displayWidth(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
