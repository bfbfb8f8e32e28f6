import type { Faults } from '../../sim/faults.ts';
import { SheetsSimulator } from '../../sim/google-sheets/sheets-simulator.ts';
import { fileWords } from '../config/system-words.ts';
import { EXIT, PlainError } from './command.ts';
import { LISTEN_OPTIONS, listenFault } from './listen-fault.ts';
import { stopSignals } from './signals.ts';

/** Runs a stand-in for Google Sheets until a signal comes. @param key file that the service account's key is written to. */
export async function simulateSheets(
  at: { readonly host: string; readonly port: number },
  { faults, key, quiet }: { readonly faults: Faults; readonly key: string; readonly quiet: boolean },
): Promise<number> {
  const stopped = stopSignals(() => process.exit(EXIT.failed));
  const heard = quiet ? {} : { heard: (what: string) => void process.stdout.write(`${what}\n`) };
  const simulator = new SheetsSimulator({ ...at, faults, keyFile: key, ...heard });
  const url = await simulator.start().catch((error: unknown) => {
    throw new PlainError(listenFault(error, at.host, at.port, LISTEN_OPTIONS), EXIT.unavailable);
  });
  try {
    simulator.tokens.writeKey(key, simulator.tokenUri);
  } catch (error) {
    await simulator.stop();
    throw new PlainError(`--key: ${key} cannot be written: ${fileWords(error)}`, EXIT.unavailable);
  }
  const lines = [
    'Google Sheets simulator. Settings of a connector for it:',
    '  TARGET=google-sheets',
    `  GOOGLE_SHEETS_API_URL=${url}`,
    `  GOOGLE_CREDENTIALS_PATH=${key}`,
    `  SPREADSHEET_ID=${simulator.spreadsheetId}`,
    `Look inside: ${url}/rows   faults: ${url}/faults   counters: ${url}/stats`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  await stopped;
  await simulator.stop();
  return EXIT.ok;
}
