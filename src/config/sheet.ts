import { titlesOf } from '../core/columns.ts';
import type { SettingFault } from './faults.ts';
import { type ColumnRange, columnLetters } from './kinds.ts';
import type { Settings } from './table.ts';

type SheetSettings = Pick<Settings, 'RANGE' | 'SHEET_COLUMNS' | 'STORE_URL'>;

/** As Google writes it: `A:F`. */
export function rangeName({ first, last }: ColumnRange): string {
  return `${columnLetters(first)}:${columnLetters(last)}`;
}

/** The columns that rows take. */
export function sheetRange({ RANGE, SHEET_COLUMNS }: Pick<SheetSettings, 'RANGE' | 'SHEET_COLUMNS'>): ColumnRange {
  return RANGE ?? { first: 0, last: titlesOf(SHEET_COLUMNS).length - 1 };
}

/**
 * What is wrong with settings that are each right by themselves, with `TARGET=google-sheets`.
 * @param storeToo false for commands that record nothing.
 */
export function sheetFaults(settings: SheetSettings, storeToo: boolean): SettingFault[] {
  const faults: SettingFault[] = [];
  if (storeToo && settings.STORE_URL?.kind === 'postgres') {
    const message = 'must be sqlite:<file> or memory: with TARGET=google-sheets: a sheet has one writer, not several';
    faults.push({ name: 'STORE_URL', message });
  }
  // Null when it was wrong by itself.
  if (!settings.RANGE || !settings.SHEET_COLUMNS) return faults;
  const { first, last } = settings.RANGE;
  const titles = titlesOf(settings.SHEET_COLUMNS);
  if (last - first + 1 !== titles.length) {
    const fitting = rangeName({ first, last: first + titles.length - 1 });
    const message = `must have ${titles.length} columns, such as ${fitting}, for ${titles.join(', ')}; ${rangeName(settings.RANGE)} has ${last - first + 1}`;
    faults.push({ name: 'RANGE', message });
  }
  return faults;
}
