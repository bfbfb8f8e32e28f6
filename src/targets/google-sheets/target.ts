import type { ServiceKey } from '../../config/google-key.ts';
import { type ColumnRange, columnLetters } from '../../config/kinds.ts';
import type { Event } from '../../contract/event.ts';
import { type Column, idCell, rowOf, titlesOf } from '../../core/columns.ts';
import { type Failed, type Failure, failed } from '../../core/outcome.ts';
import type { Header, RecordingTarget, Row, Told } from '../../ports/recording.ts';
import type { Clock } from '../../ports/runtime.ts';
import { NO_TRACER, type Tracer } from '../../ports/tracer.ts';
import { adviceOn, withAdvice } from './advice.ts';
import type { Call } from './exchange.ts';
import { Line } from './line.ts';
import { type KeySource, Tokens } from './token.ts';
import { lastRowIn, rowCountIn, understand, valuesIn } from './wire.ts';

interface SheetsOptions {
  readonly url: URL;
  /** One that stays, or where it comes from. */
  readonly key: ServiceKey | KeySource;
  readonly spreadsheetId: string;
  readonly sheet: string;
  readonly range: ColumnRange;
  readonly columns: readonly Column[];
  /** For one call, in milliseconds. */
  readonly timeoutMs: number;
}

/** A sheet of Google's, one row an event (Sheets API v4). */
export class SheetsTarget implements RecordingTarget {
  readonly place: string;
  readonly #options: SheetsOptions;
  readonly #clock: Clock;
  readonly #tokens: Tokens;
  readonly #line: Line;

  constructor(options: SheetsOptions, clock: Clock, tracer: Tracer = NO_TRACER) {
    this.#options = options;
    this.#clock = clock;
    this.#line = new Line(clock, tracer);
    this.#tokens = new Tokens(options.key, clock, this.#line);
    this.place = `${options.spreadsheetId} ${this.#cells('', '')}`;
  }

  rowOf(event: Event, eventId: string): Row {
    return rowOf(event, eventId, this.#options.columns);
  }

  idCell(eventId: string): string {
    return idCell(eventId);
  }

  async readHeader(): Promise<Told<Header>> {
    const told = await this.#call('read header', 'GET', `/values/${encodeURIComponent(this.#cells(1, 1))}`, valuesIn);
    if (told.kind === 'failed') return told;
    return { kind: 'done', value: headerOf(told.value, titlesOf(this.#options.columns)) };
  }

  writeHeader(): Promise<Told<null>> {
    const path = `/values/${encodeURIComponent(this.#cells(1, 1))}?valueInputOption=RAW`;
    return this.#call('write header', 'PUT', path, () => null, { values: [titlesOf(this.#options.columns)] });
  }

  append(rows: readonly Row[]): Promise<Told<number | null>> {
    const { path, body } = appendRequest(this.#options, rows);
    return this.#call('append', 'POST', path, lastRowIn, body);
  }

  readIds(from: number, to: number | null): Promise<Told<readonly string[]>> {
    const column = columnLetters(this.#options.range.first);
    const cells = `${quoted(this.#options.sheet)}!${column}${from}:${column}${to ?? ''}`;
    return this.#call('read ids', 'GET', `/values/${encodeURIComponent(cells)}?majorDimension=COLUMNS`, valuesIn);
  }

  async countRows(): Promise<Told<number>> {
    const { sheet } = this.#options;
    const told = await this.#call(
      'count rows',
      'GET',
      '?fields=sheets.properties(title,gridProperties.rowCount)',
      (json) => rowCountIn(json, sheet),
    );
    if (told.kind === 'failed') return told;
    const { value } = told;
    return value === null
      ? failed('place_missing', `Resource not found: the spreadsheet has no sheet "${sheet}": check SHEET_NAME`)
      : { kind: 'done', value };
  }

  #cells(firstRow: number | '', lastRow: number | ''): string {
    return cellsOf(this.#options, firstRow, lastRow);
  }

  /** One call, with a token that may have to be had first. */
  async #call<T>(
    what: string,
    method: Call['method'],
    path: string,
    read: (json: unknown) => T | undefined,
    body?: unknown,
  ): Promise<Told<T>> {
    const { url, spreadsheetId, timeoutMs } = this.#options;
    const end = this.#clock.now() + timeoutMs;
    const token = await this.#tokens.get(timeoutMs);
    if (token.kind === 'failed') return token;
    const headers = {
      authorization: `Bearer ${token.value}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const call = {
      method,
      url: sheetUrl(url, spreadsheetId, path),
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const left = Math.max(1, end - this.#clock.now());
    const told = await this.#line.ask(what, call, left, (reply) =>
      understand(reply, this.#clock.wall(), token.value, read),
    );
    if (told.kind === 'done') return told;
    if (told.failure.code === 'unauthorized') this.#tokens.forget(token.value);
    return this.#explained(told.failure, what);
  }

  #explained(failure: Failure, what: string): Failed {
    // Only an append has rows that could be to blame.
    const code = failure.code === 'row_refused' && what !== 'append' ? 'misconfigured' : failure.code;
    const why = withAdvice(failure.why, adviceOn(failure, this.#tokens.account));
    return { kind: 'failed', failure: { ...failure, code, why } };
  }

  async close(): Promise<void> {
    this.#line.hangUp();
  }
}

/** Empty cells at the end of a row are not told. */
function headerOf(found: readonly string[], expected: readonly string[]): Header {
  if (found.every((cell) => cell === '')) return { kind: 'empty' };
  const right = expected.every((title, index) => found[index] === title);
  return right ? { kind: 'right' } : { kind: 'other', found, expected };
}

/** Where the API speaks of a spreadsheet. @param path begins with `/` or `?`. */
function sheetUrl(base: URL, spreadsheetId: string, path: string): URL {
  const url = new URL(base);
  const [pathname, search] = path.split('?', 2) as [string, string | undefined];
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/v4/spreadsheets/${spreadsheetId}${pathname}`;
  if (search !== undefined) url.search = search;
  return url;
}

/** A1 notation: the sheet's name in quotes, those in it doubled. */
function quoted(sheet: string): string {
  return `'${sheet.replaceAll("'", "''")}'`;
}

function cellsOf(
  { sheet, range }: Pick<SheetsOptions, 'sheet' | 'range'>,
  firstRow: number | '',
  lastRow: number | '',
) {
  return `${quoted(sheet)}!${columnLetters(range.first)}${firstRow}:${columnLetters(range.last)}${lastRow}`;
}

/**
 * What adds rows at the end. RAW: `USER_ENTERED` would run a name that begins with "=" as a formula, and drop the zeros an
 * IMSI begins with.
 */
function appendRequest(options: Pick<SheetsOptions, 'sheet' | 'range'>, rows: readonly Row[]) {
  const cells = encodeURIComponent(cellsOf(options, '', ''));
  const path = `/values/${cells}:append?valueInputOption=RAW&insertDataOption=INSERT_ROWS`;
  return { path, body: { values: rows } };
}

/** The address of such a request, for people. */
export function appendUrl(base: URL, spreadsheetId: string, options: Pick<SheetsOptions, 'sheet' | 'range'>): string {
  return decodeURIComponent(sheetUrl(base, spreadsheetId, appendRequest(options, []).path).href);
}
