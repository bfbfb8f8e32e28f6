import { DONE, failed, type Outcome } from '../../src/core/outcome.ts';
import type { Release, Wanted } from '../../src/core/subscriber.ts';
import type { Change } from '../../src/core/types.ts';
import { Attempts } from '../../src/delivery/attempts.ts';
import { Breaker } from '../../src/delivery/breaker.ts';
import { Gate } from '../../src/delivery/gate.ts';
import type { Clock } from '../../src/ports/runtime.ts';
import type { Store, Write } from '../../src/ports/store.ts';
import type { CallContext, Target } from '../../src/ports/target.ts';
import type { FakeClock } from './fake-clock.ts';
import { effects, versionAt, wantedAt } from './subscribers.ts';

/** How long the core takes for a call, in milliseconds. */
export const CALL_MS = 100;

/** A core that takes its time, and at the beginning of a call lets the test do something. */
export class SlowCore implements Target {
  readonly name = 'slow';
  /** `<imsi> <number, or ->`, as the calls began. */
  readonly calls: string[] = [];
  /** Keyed as `calls`: done as the call begins. */
  readonly meanwhile = new Map<string, () => Promise<unknown>>();
  readonly answers = new Map<string, Outcome>();
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async apply({ state }: Change, _context: CallContext): Promise<Outcome> {
    const call = `${state.imsi} ${state.msisdn ?? '-'}`;
    this.calls.push(call);
    await this.meanwhile.get(call)?.();
    await new Promise<void>((resolve) => this.#clock.after(CALL_MS, resolve));
    return this.answers.get(call) ?? DONE;
  }

  async close() {}
}

export const TIMED_OUT = failed('timeout', 'no answer');

/** @param concurrency calls at a time. */
export function attemptsOn(core: Target, clock: Clock, concurrency = 10): Attempts {
  const gate = new Gate({ concurrency, perSecond: 0 }, clock);
  return new Attempts({ target: core, gate, breaker: new Breaker({ failures: 0, cooldownMs: 1 }, clock), clock });
}

/** The state number `n` without a number: what a SIM becomes whose number goes elsewhere. */
export function barredAt(n: number, imsi: string): Wanted {
  return wantedAt(n, { imsi, msisdn: null });
}

export function releaseAt(n: number, imsi: string): Release {
  return { version: versionAt(n), change: barredAt(n, imsi).change };
}

/** What accepting swap number `n` for later delivery writes. */
export function swapAt(n: number, from: string, to: string): Write {
  return effects(
    { kind: 'want', imsi: from, wanted: barredAt(n, from), after: [] },
    { kind: 'want', imsi: to, wanted: wantedAt(n, { imsi: to }), after: [releaseAt(n, from)] },
  );
}

/** The second half of swap number `n`: the old SIM is released on behalf of the new one. */
export function grantAt(n: number, from: string, to: string): Write {
  return effects({ kind: 'want', imsi: to, wanted: wantedAt(n, { imsi: to }), after: [releaseAt(n, from)] });
}

/** The core confirmed it, some time ago. */
export async function confirmed(store: Store, wanted: Wanted): Promise<void> {
  const { imsi } = wanted.change.state;
  await store.write(effects({ kind: 'applied', imsi, wanted, ageMs: 1, released: [] }));
}
