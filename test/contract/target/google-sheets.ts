import { SheetsSimulator } from '../../../sim/google-sheets/sheets-simulator.ts';
import { readServiceKey, type ServiceKey } from '../../../src/config/google-key.ts';
import { parseColumns } from '../../../src/core/columns.ts';
import type { Clock } from '../../../src/ports/runtime.ts';
import { SheetsTarget } from '../../../src/targets/google-sheets/target.ts';
import type { Run } from './calls.suite.ts';
import { WAIT_S } from './faults.ts';
import { Line } from './line.ts';
import type { RecordingSystem } from './records.suite.ts';

class SheetsSystem implements RecordingSystem {
  readonly line: Line;
  readonly simulator: SheetsSimulator;

  private constructor(simulator: SheetsSimulator, line: Line) {
    this.simulator = simulator;
    this.line = line;
  }

  static async start(): Promise<SheetsSystem> {
    const simulator = new SheetsSimulator({ port: 0, perMinute: 1_000 });
    const { hostname, port } = new URL(await simulator.start());
    return new SheetsSystem(simulator, await Line.to([{ host: hostname, port: Number(port) }], /^POST \S+:append/));
  }

  /** Tokens come from the emulator itself: it insists on the address that it knows as its own. */
  connect(clock: Clock, callMs: number): SheetsTarget {
    const key = readServiceKey(JSON.stringify(this.simulator.key)) as ServiceKey;
    return new SheetsTarget(
      {
        url: new URL(`http://127.0.0.1:${this.line.ports[0]}`),
        key,
        spreadsheetId: this.simulator.spreadsheetId,
        sheet: 'Sheet1',
        range: { first: 0, last: 1 },
        columns: parseColumns('Type=data.event_type'),
        timeoutMs: callMs,
      },
      clock,
    );
  }

  ids(): readonly string[] {
    return this.simulator.grid.rows.slice(1).map(([id]) => id ?? '');
  }

  /** The next append is carried out, and then the emulator fails. */
  failAfterNextAppend(): void {
    const { grid } = this.simulator;
    const append = grid.append.bind(grid);
    grid.append = (...call) => {
      grid.append = append;
      append(...call);
      throw new Error('Internal error encountered.');
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.line[Symbol.asyncDispose]();
    await this.simulator.stop();
  }
}

/** Google's API, as the emulator speaks it. */
export const googleSheets: Run<SheetsSystem> = {
  open: () => SheetsSystem.start(),
  faults: {
    credentials: { make: ({ simulator }) => simulator.tokens.revoke(), words: /invalid authentication credentials/ },
    busy: { make: ({ simulator }) => simulator.setFaults({ script: [{ as: 429 }] }), words: /Quota exceeded/ },
    wait: {
      make: ({ simulator }) => simulator.setFaults({ script: [{ as: 429 }], retry_after: WAIT_S }),
      words: /Quota exceeded/,
    },
    error: { make: (system) => system.failAfterNextAppend(), words: /Google answered 500: Internal error/ },
    garbage: {
      make: ({ simulator }) => simulator.setFaults({ script: [{ as: 'garbage' }] }),
      words: /Google answered 200 with something else than its JSON/,
    },
  },
};
