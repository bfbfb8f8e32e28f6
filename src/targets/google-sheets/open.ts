import type { ServiceKey } from '../../config/google-key.ts';
import type { ServiceKeyFile } from '../../config/google-key-file.ts';
import type { Config } from '../../config/load.ts';
import { sheetRange } from '../../config/sheet.ts';
import type { RecordingTarget } from '../../ports/recording.ts';
import type { Clock, Logger } from '../../ports/runtime.ts';
import type { Tracer } from '../../ports/tracer.ts';
import { SheetsTarget } from './target.ts';
import type { KeySource } from './token.ts';

/**
 * @param watchers.log hears of a key that is read again; without it the key stays.
 * @throws Error when a required setting is missing.
 */
export function open(
  { settings, googleKey }: Config,
  clock: Clock,
  { log, tracer }: { log?: Logger; tracer?: Tracer } = {},
): RecordingTarget {
  const { SPREADSHEET_ID: spreadsheetId } = settings;
  if (!spreadsheetId || !googleKey) throw new Error('SPREADSHEET_ID and GOOGLE_CREDENTIALS_PATH are required');
  return new SheetsTarget(
    {
      url: settings.GOOGLE_SHEETS_API_URL,
      key: sourceOf(googleKey, log),
      spreadsheetId,
      sheet: settings.SHEET_NAME,
      range: sheetRange(settings),
      columns: settings.SHEET_COLUMNS,
      timeoutMs: settings.GOOGLE_HTTP_REQUESTS_TIMEOUT * 1000,
    },
    clock,
    tracer,
  );
}

/** Without somebody who hears of it a key stays. */
function sourceOf(file: ServiceKeyFile, log: Logger | undefined): ServiceKey | KeySource {
  if (!log) return file.current;
  return {
    get current() {
      return file.current;
    },
    reread: () => file.reread(log),
    refused: (why) => file.refused(log, why),
  };
}
