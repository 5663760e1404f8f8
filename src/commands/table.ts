import Table from 'cli-table3';
import { paint, type Tone } from './paint.ts';
import { shortened, wrapped, type Output } from './wording.ts';

/** Tables that fit the terminal. Where nobody reads on one, nothing is shortened and nothing left out. */

export interface Column<T> {
  head: string;
  cell: (row: T) => string;
  tone?: (row: T) => Tone;
  /** Gets what the others leave of the terminal; one column of a table does. */
  grows?: true;
  /** Left out where the growing column would have too little. */
  spare?: true;
}

/** A date and the words around it: what one line of the growing column must have room for. Where it has not, there are more lines. */
const NARROWEST = 36;
const LINES_WHERE_NARROW = 3;
const SHORTEST_LINE = 20;
const NARROWEST_CELL = 8;

/** @param options.whole the growing column is never cut off, however many lines it takes */
export function tableOf<T>(
  columns: Column<T>[],
  rows: T[],
  out: Pick<Output, 'width' | 'colours'>,
  { whole = false }: { whole?: boolean } = {},
): string {
  const kept = [...columns];
  const widths = () => kept.map((column) => (column.grows ? 0 : widestOf(column, rows)));
  const left = () => (out.width ?? Infinity) - frameOf(kept.length) - sum(widths());
  while (left() < NARROWEST && kept.some(({ spare }) => spare)) {
    kept.splice(kept.findLastIndex(({ spare }) => spare) as number, 1);
  }
  const narrow = widths();
  // What does not fit even so is broken in its cells, the widest first.
  for (let lacks = SHORTEST_LINE - left(); lacks > 0;) {
    const widest = narrow.indexOf(Math.max(...narrow));
    const width = narrow[widest] ?? 0;
    if (width <= NARROWEST_CELL) break;
    const less = Math.min(lacks, Math.max(1, width - Math.max(NARROWEST_CELL, ...narrow.toSpliced(widest, 1))));
    narrow[widest] = width - less;
    lacks -= less;
  }
  const room = Math.max(NARROWEST_CELL, (out.width ?? Infinity) - frameOf(kept.length) - sum(narrow));
  const lines = room < NARROWEST ? LINES_WHERE_NARROW : 1;
  const fit = (column: Column<T>, index: number, text: string) => {
    if (out.width === null) return text;
    if (column.grows && !whole) return shortened(text, room, lines);
    const width = column.grows ? room : (narrow[index] ?? 0);
    return text
      .split('\n')
      .flatMap((line) => wrapped(line, width))
      .join('\n');
  };

  const table = new Table({
    head: kept.map((column, index) => (column.grows ? column.head : fit(column, index, column.head))),
    style: { head: [], border: [], compact: !whole },
  });
  for (const row of rows) {
    table.push(
      kept.map((column, index) => paint(out, column.tone?.(row) ?? 'plain', fit(column, index, column.cell(row)))),
    );
  }
  return table.toString();
}

function widestOf<T>({ head, cell }: Column<T>, rows: T[]): number {
  return Math.max(head.length, ...rows.flatMap((row) => cell(row).split('\n')).map((line) => line.length));
}

/** A line between any two columns, one at either end, and a space on both sides of each cell. */
function frameOf(columns: number): number {
  return 3 * columns + 1;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
