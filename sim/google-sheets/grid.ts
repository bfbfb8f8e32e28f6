/** One sheet's cells, and A1 notation as far as the API's `values` speak it. */

/** Rows and columns from 1; null reaches to the end. */
export interface Range {
  readonly sheet: string;
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly firstRow: number | null;
  readonly lastRow: number | null;
}

export class RangeError400 extends Error {}

/** `'My sheet'!A1:C5`, `Sheet1!A:F`, `Sheet1!A5:A`. @throws RangeError400 as the API words it. */
export function parseRange(text: string): Range {
  const parts = /^(?:'((?:[^']|'')+)'|([^'!]+))!([A-Z]{1,3})(\d*)(?::([A-Z]{1,3})(\d*))?$/.exec(text);
  if (!parts) throw new RangeError400(`Unable to parse range: ${text}`);
  const [, quoted, bare, from = '', fromRow, to, toRow] = parts;
  const row = (digits: string | undefined) => (digits ? Number(digits) : null);
  return {
    sheet: quoted?.replaceAll("''", "'") ?? bare ?? '',
    firstColumn: columnNumber(from),
    lastColumn: columnNumber(to ?? from),
    firstRow: row(fromRow),
    lastRow: to === undefined ? row(fromRow) : row(toRow),
  };
}

function columnNumber(letters: string): number {
  return [...letters].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0);
}

function columnLetters(number: number): string {
  const rest = Math.floor((number - 1) / 26);
  return (rest === 0 ? '' : columnLetters(rest)) + String.fromCharCode(65 + ((number - 1) % 26));
}

/** A new sheet has so many rows; it grows as rows are added. */
const NEW_ROWS = 1_000;
const COLUMNS = 26;
/** What the API takes in one cell. */
const LONGEST_CELL = 50_000;

export class CellError400 extends Error {}

/** A sheet's cells; text only, as RAW strings stay. */
export class Grid {
  readonly name: string;
  /** Without the empty ones at the end. */
  rows: string[][] = [];
  /** Cells that a spreadsheet may have; empty ones count. */
  mostCells = 10_000_000;

  constructor(name: string) {
    this.name = name;
  }

  get rowCount(): number {
    return Math.max(NEW_ROWS, this.rows.length);
  }

  /** Rows of a range, empty cells and rows at the end left out. */
  read(range: Range): string[][] {
    this.#check(range);
    const found = this.rows
      .slice((range.firstRow ?? 1) - 1, range.lastRow ?? undefined)
      .map((row) => trimmed(cellsOf(row, range)));
    while (found.at(-1)?.length === 0) found.pop();
    return found;
  }

  write(range: Range, values: readonly (readonly unknown[])[]): string {
    this.#check(range);
    const texts = cellsFrom(values);
    const first = range.firstRow ?? 1;
    for (const [index, cells] of texts.entries()) this.#set(first - 1 + index, range.firstColumn - 1, cells);
    return this.#named(range, first, first + texts.length - 1);
  }

  /** After the last row of the range that holds something. @returns the range that was written. */
  append(range: Range, values: readonly (readonly unknown[])[]): { updatedRange: string; rows: number; cells: number } {
    const texts = cellsFrom(values);
    if (Math.max(NEW_ROWS, this.rows.length + texts.length) * COLUMNS > this.mostCells) {
      throw new CellError400(
        `This action would increase the number of cells in the workbook above the limit of ${this.mostCells} cells.`,
      );
    }
    const last = this.rows.findLastIndex((row) => cellsOf(row, range).some((cell) => cell !== ''));
    // INSERT_ROWS: whatever stands below moves down.
    this.rows.splice(last + 1, 0, ...texts.map(() => []));
    for (const [index, cells] of texts.entries()) this.#set(last + 1 + index, range.firstColumn - 1, cells);
    const updatedRange = this.#named(range, last + 2, last + 1 + texts.length);
    return { updatedRange, rows: texts.length, cells: texts.flat().length };
  }

  #set(row: number, column: number, cells: readonly string[]): void {
    while (this.rows.length <= row) this.rows.push([]);
    const target = this.rows[row] as string[];
    for (const [index, cell] of cells.entries()) {
      while (target.length <= column + index) target.push('');
      target[column + index] = cell;
    }
  }

  #check({ firstRow, firstColumn, lastColumn }: Range): void {
    if ((firstRow ?? 1) <= this.rowCount && lastColumn <= COLUMNS) return;
    const cell = `${columnLetters(firstColumn)}${firstRow ?? ''}`;
    throw new RangeError400(
      `Range (${this.name}!${cell}) exceeds grid limits. Max rows: ${this.rowCount}, max columns: ${COLUMNS}`,
    );
  }

  #named(range: Range, first: number, last: number): string {
    const name = /^\w+$/.test(this.name) ? this.name : `'${this.name.replaceAll("'", "''")}'`;
    return `${name}!${columnLetters(range.firstColumn)}${first}:${columnLetters(range.lastColumn)}${last}`;
  }
}

function cellsOf(row: readonly string[], { firstColumn, lastColumn }: Range): string[] {
  return row.slice(firstColumn - 1, lastColumn);
}

function trimmed(cells: string[]): string[] {
  while (cells.at(-1) === '') cells.pop();
  return cells;
}

function cellsFrom(values: readonly (readonly unknown[])[]): string[][] {
  return values.map((row) => row.map(cellFrom));
}

function cellFrom(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    throw new CellError400('Invalid values[0][0]: struct_value or list_value');
  const text = String(value ?? '');
  if (text.length <= LONGEST_CELL) return text;
  throw new CellError400('Your input contains more than the maximum of 50000 characters in a single cell.');
}

/** Columns instead of rows: what `majorDimension=COLUMNS` gives. */
export function transposed(rows: readonly (readonly string[])[]): string[][] {
  const width = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, column) => trimmed(rows.map((row) => row[column] ?? '')));
}
