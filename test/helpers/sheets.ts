import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SheetsSimulator, type SheetsSimulatorOptions } from '../../sim/google-sheets/sheets-simulator.ts';

/** An emulator, and the settings of a connector for it. */
export class Sheets implements AsyncDisposable {
  readonly simulator: SheetsSimulator;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;

  private constructor(simulator: SheetsSimulator, folder: string, url: string) {
    this.simulator = simulator;
    this.folder = folder;
    const key = join(folder, 'key.json');
    simulator.tokens.writeKey(key, simulator.tokenUri);
    this.env = {
      TARGET: 'google-sheets',
      GOOGLE_SHEETS_API_URL: url,
      GOOGLE_CREDENTIALS_PATH: key,
      SPREADSHEET_ID: simulator.spreadsheetId,
      // As long as the emulator applies something late, and some more.
      SETTLE_AFTER: '0.5',
      RETRY_FIRST_PAUSE: '0.05',
      RETRY_LONGEST_PAUSE: '0.2',
    };
  }

  static async start(options: Partial<SheetsSimulatorOptions> = {}): Promise<Sheets> {
    const simulator = new SheetsSimulator({ port: 0, ...options });
    const url = await simulator.start();
    return new Sheets(simulator, await mkdtemp(join(tmpdir(), 'nsps-sheets-')), url);
  }

  /** Without the header. */
  get rows(): readonly (readonly string[])[] {
    return this.simulator.grid.rows.slice(1);
  }

  get ids(): readonly string[] {
    return this.rows.map(([id]) => id ?? '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.simulator.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
