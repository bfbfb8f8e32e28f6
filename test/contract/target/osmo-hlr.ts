import { OsmoHlr } from '../../../sim/osmo-hlr.ts';
import type { Clock } from '../../../src/ports/runtime.ts';
import { OsmoHlrTarget } from '../../../src/targets/osmo-hlr/target.ts';
import { OsmoStandIn } from '../../helpers/osmo-stand-in.ts';
import type { Run } from './calls.suite.ts';
import { Line } from './line.ts';
import type { StateSystem } from './states.suite.ts';

/** An osmo-hlr, or what stands in for one. */
interface Hlr extends AsyncDisposable {
  readonly host: string;
  readonly ctrlPort: number;
  readonly vtyPort: number;
}

interface Held {
  readonly msisdn: string | null;
  readonly service: boolean;
}

/** Longer than any call: the deadline ends it. */
const TIMEOUT_MS = 3_600_000;

class OsmoSystem<H extends Hlr> implements StateSystem {
  readonly hlr: H;
  readonly line: Line;
  readonly #held: (imsi: string) => Held | null;

  private constructor(hlr: H, line: Line, held: (imsi: string) => Held | null) {
    this.hlr = hlr;
    this.line = line;
    this.#held = held;
  }

  static async start<H extends Hlr>(hlr: H, held: (hlr: H, imsi: string) => Held | null): Promise<OsmoSystem<H>> {
    const ports = [hlr.ctrlPort, hlr.vtyPort].map((port) => ({ host: hlr.host, port }));
    return new OsmoSystem(hlr, await Line.to(ports, /network-access-mode/), (imsi) => held(hlr, imsi));
  }

  connect(clock: Clock): OsmoHlrTarget {
    const [ctrlPort, vtyPort] = this.line.ports as [number, number];
    return new OsmoHlrTarget({ host: '127.0.0.1', ctrlPort, vtyPort, timeoutMs: TIMEOUT_MS }, clock);
  }

  async holds(imsi: string) {
    const held = this.#held(imsi);
    if (!held) return null;
    return { status: held.service ? 'serviceGranted' : 'operatorDeterminedBarring', msisdn: held.msisdn } as const;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.line[Symbol.asyncDispose]();
    await this.hlr[Symbol.asyncDispose]();
  }
}

/** What both of them have; the console is where a bar goes. */
const COMMON = {
  credentials: {
    make: ({ line }: OsmoSystem<Hlr>) => {
      void line.next(Buffer.from('Password: '), (_asked, answer) => answer.startsWith('Welcome'));
    },
    words: /VTY asks for a password.*"no login"/,
  },
  wait: { cannot: 'neither interface has words for when to come back' },
  garbage: {
    make: ({ line }: OsmoSystem<Hlr>) => {
      void line.next(Buffer.from('bogus\r\n% Unknown command.\r\nOsmoHLR# '));
    },
    words: /the VTY answers something else: bogus/,
  },
} as const;

/** The daemon itself; its database is asked what it holds. */
export const realOsmoHlr: Run<OsmoSystem<OsmoHlr>> = {
  open: async () =>
    OsmoSystem.start(await OsmoHlr.start(), (hlr, imsi) => {
      const held = hlr.subscriber(imsi);
      return held && { msisdn: held.msisdn, service: held.nam_cs === 1 && held.nam_ps === 1 };
    }),
  faults: {
    ...COMMON,
    busy: { hold: ({ hlr }) => hlr.lockDatabase(), words: /database may be locked/ },
    error: { cannot: 'the daemon does a command or does not; only the stand-in can be made to do half of one' },
  },
};

export const osmoStandIn: Run<OsmoSystem<OsmoStandIn>> = {
  open: async () =>
    OsmoSystem.start(await OsmoStandIn.start(), ({ rows }, imsi) => {
      const held = rows.get(imsi);
      return held ? { msisdn: held.msisdn, service: held.cs && held.ps } : null;
    }),
  faults: {
    ...COMMON,
    busy: {
      make: ({ hlr }) => objectOnce(hlr, () => {}),
      words: /did not take the change \(Error.*database may be locked/,
    },
    error: {
      make: ({ hlr }) =>
        objectOnce(hlr, (imsi) => {
          const row = hlr.rows.get(imsi);
          if (row) row.cs = false;
        }),
      words: /a part of the change is applied/,
    },
  },
};

/** The console objects to the next command that is about service. @param first does a part of it. */
function objectOnce(hlr: OsmoStandIn, first: (imsi: string) => void): void {
  hlr.onVty = (line, socket) => {
    const [, imsi] = /^subscriber imsi (\d+) update network-access-mode/.exec(line) ?? [];
    if (imsi === undefined) return false;
    hlr.onVty = () => false;
    first(imsi);
    socket.write(`${line}\r\n% Error: cannot update network access mode\r\nOsmoHLR# `);
    return true;
  };
}
