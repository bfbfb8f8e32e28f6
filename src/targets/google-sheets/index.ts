import type { Config } from '../../config/load.ts';
import { sheetRange } from '../../config/sheet.ts';
import type { Event } from '../../contract/event.ts';
import { rowOf } from '../../core/columns.ts';
import type { TargetRequest } from '../../ports/target.ts';
import { appendUrl } from './target.ts';

export { open } from './open.ts';
export { probe } from './probe.ts';

/** What would be sent for an event; the settings may be incomplete. */
export function preview({ settings }: Config, event: Event): TargetRequest {
  const range = { sheet: settings.SHEET_NAME, range: sheetRange(settings) };
  const url = appendUrl(settings.GOOGLE_SHEETS_API_URL, settings.SPREADSHEET_ID ?? '{SPREADSHEET_ID}', range);
  return { method: 'POST', url, body: { values: [rowOf(event, event.event_id, settings.SHEET_COLUMNS)] } };
}
