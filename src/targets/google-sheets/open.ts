import type { Config } from '../../config/load.ts';
import { sheetRange } from '../../config/sheet.ts';
import type { RecordingTarget } from '../../ports/recording.ts';
import type { Clock } from '../../ports/runtime.ts';
import { SheetsTarget } from './target.ts';

/** @throws Error when a required setting is missing. */
export function open({ settings, googleKey }: Config, clock: Clock): RecordingTarget {
  const { SPREADSHEET_ID: spreadsheetId } = settings;
  if (!spreadsheetId || !googleKey) throw new Error('SPREADSHEET_ID and GOOGLE_CREDENTIALS_PATH are required');
  return new SheetsTarget(
    {
      url: settings.GOOGLE_SHEETS_API_URL,
      key: googleKey,
      spreadsheetId,
      sheet: settings.SHEET_NAME,
      range: sheetRange(settings),
      columns: settings.SHEET_COLUMNS,
      timeoutMs: settings.GOOGLE_HTTP_REQUESTS_TIMEOUT * 1000,
    },
    clock,
  );
}
