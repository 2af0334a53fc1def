/** Plain tables: aligned columns under dim headings, no frames, so that they read well and cut well. */
import { stripVTControlCharacters } from 'node:util';
import { style } from './style.js';

export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => string;
  /** Where there is no room for all columns, those that are worth most are shown. Absent: this one always is. */
  readonly worth?: number;
}

const GAP = '  ';

/** The table's lines, headings first, as far as its columns fit `width`. */
export function table<Row>(all: readonly Column<Row>[], rows: readonly Row[], width = Infinity): string[] {
  const columns = fitting(
    all.map((column) => measured(column, rows)),
    width,
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => pad(text, columns[index]?.width ?? 0, columns[index]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  return [
    style.dim(line(columns.map((column) => column.title))),
    ...rows.map((_, row) => line(columns.map(({ cells }) => cells[row] ?? ''))),
  ];
}

interface MeasuredColumn extends Omit<Column<never>, 'cell'> {
  readonly cells: readonly string[];
  readonly width: number;
}

function measured<Row>({ cell, ...column }: Column<Row>, rows: readonly Row[]): MeasuredColumn {
  const cells = rows.map(cell);
  return { ...column, cells, width: Math.max(...[column.title, ...cells].map(displayWidth)) };
}

/** The columns for which there is room, in their order: those that are worth most are the first to get it. */
function fitting(columns: readonly MeasuredColumn[], width: number): MeasuredColumn[] {
  let room = width + GAP.length;
  const taken = columns
    .toSorted((a, b) => (b.worth ?? Infinity) - (a.worth ?? Infinity) || 0)
    .filter((column) => {
      const fits = column.worth === undefined || room >= column.width + GAP.length;
      if (fits) room -= column.width + GAP.length;
      return fits;
    });
  return columns.filter((column) => taken.includes(column));
}

/** Pads by what is seen and not by the bytes of colours. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + fill : fill + text;
}

export function displayWidth(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
