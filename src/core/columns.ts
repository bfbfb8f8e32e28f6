import { nestsDeep } from '../contract/nesting.ts';
import { storable } from './text.ts';

/** What is recorded of an event: columns, each filled from the event by path. Pure. */

/** Text of its own, or a value of the event: the first of these paths that leads to one. */
type Part = string | { readonly paths: readonly (readonly string[])[] };

/** One column of what is recorded. */
export interface Column {
  /** Stands in the first row. */
  readonly title: string;
  readonly parts: readonly Part[];
}

/** The column that comes first, whatever others there are: by it a row is known again. */
const ID_TITLE = 'event_id';

/** What PortaOne's own connector records (its documentation), in its order. */
export const DEFAULT_COLUMNS = [
  'created_at',
  'i_account=pb_data.account_info.i_account|pb_data.sim_info.i_account',
  'bill_status (billing_model)={pb_data.account_info.bill_status} ({pb_data.account_info.billing_model})',
  'i_sim_card=pb_data.sim_info.i_sim_card',
  'imsi=pb_data.sim_info.imsi',
].join(',');

/** Columns of a spreadsheet at most; Google's own limit is far beyond what anybody reads. */
const MOST_COLUMNS = 100;

/** A cell of Google Sheets holds so many characters. */
const LONGEST_CELL = 50_000;
const CUT_MARK = '… (cut)';

/** Stands for a value that no cell can be made of. */
const TOO_DEEP = '(nested too deep)';

/**
 * Reads a list of columns: `path`, `Title=path`, `Title=first.path|other.path`, or `Title=text {path} text`.
 * @throws Error saying which entry is wrong.
 */
export function parseColumns(text: string): readonly Column[] {
  const columns = text.split(',').map((entry) => columnOf(entry.trim()));
  const titles = [ID_TITLE, ...columns.map(({ title }) => title)];
  const twice = titles.find((title, index) => titles.indexOf(title) !== index);
  if (twice !== undefined) throw new Error(`two columns are called ${JSON.stringify(twice)}`);
  if (columns.length > MOST_COLUMNS) throw new Error(`${columns.length} columns; ${MOST_COLUMNS} at most`);
  return columns;
}

function columnOf(entry: string): Column {
  const at = entry.indexOf('=');
  const source = entry.slice(at + 1).trim();
  const parts = source.includes('{') ? templateParts(source) : pathsOf(source);
  const title = at < 0 ? source.split(/[.|]/).at(-1) : entry.slice(0, at).trim();
  if (!parts || !title) throw new Error(`the entry ${JSON.stringify(entry)} is not such`);
  return { title, parts };
}

/** Null when a brace or a path in it is wrong. */
function templateParts(source: string): readonly Part[] | null {
  const parts: Part[] = [];
  for (const piece of source.split(/(\{[^{}]*\})/)) {
    const paths = piece.startsWith('{') ? pathsOf(piece.slice(1, -1)) : null;
    if (paths) parts.push(...paths);
    else if (/[{}]/.test(piece)) return null;
    else if (piece !== '') parts.push(piece);
  }
  return parts;
}

/** One part that is the first of several paths; null when one is no path. */
function pathsOf(source: string): readonly Part[] | null {
  const paths = source.split('|').map((path) => path.trim().split('.'));
  const sound = paths.every((path) => path.every((step) => /^[\w@-]+$/.test(step)));
  return sound ? [{ paths }] : null;
}

/** The titles of all columns, the id's first. */
export function titlesOf(columns: readonly Column[]): string[] {
  return [ID_TITLE, ...columns.map(({ title }) => title)];
}

/**
 * An event as a row: text only, since a number would lose the zeros an IMSI begins with. The id comes first.
 * @param eventId as the journal keeps it.
 */
export function rowOf(event: unknown, eventId: string, columns: readonly Column[]): string[] {
  return [idCell(eventId), ...columns.map((column) => fitted(cellOf(event, column)))];
}

/**
 * What nobody would see in a cell, or what may not be kept there; and the character that begins what is written for it. A single
 * blank between words is seen.
 */
const UNSEEN = /[\p{Cc}\\]|[^\S ]|^ | (?=\s|$)/gu;

/** An event's id, which is never empty, as it stands in its cell, and is found there again: on one line, and no other id's cell. */
export function idCell(eventId: string): string {
  return eventId.replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function cellOf(event: unknown, { parts }: Column): string {
  const values = parts.map((part) => (typeof part === 'string' ? null : firstOf(event, part.paths)));
  // Brackets around nothing say nothing.
  if (values.every((value) => value === null || value === '')) return '';
  return parts.map((part, index) => (typeof part === 'string' ? part : (values[index] ?? ''))).join('');
}

function firstOf(event: unknown, paths: readonly (readonly string[])[]): string {
  for (const path of paths) {
    const text = textOf(path.reduce(stepInto, event));
    if (text !== '') return text;
  }
  return '';
}

/** Only what the event itself has: not what every object inherits. */
function stepInto(value: unknown, step: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string, unknown>)[step]
    : undefined;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return nestsDeep(value) ? TOO_DEEP : JSON.stringify(value);
}

/** What a cell cannot hold is cut, and says so. */
function fitted(text: string): string {
  const whole = storable(text);
  return whole.length <= LONGEST_CELL
    ? whole
    : whole.slice(0, LONGEST_CELL - CUT_MARK.length).toWellFormed() + CUT_MARK;
}
