import type { TestContext } from 'node:test';
import { DONE, failed, type Outcome } from '../../src/core/outcome.ts';
import type { Action, Change } from '../../src/core/types.ts';
import type { Arrival } from '../../src/delivery/arrival.ts';
import { EventIds } from '../../src/delivery/event-ids.ts';
import { InlineDelivery } from '../../src/delivery/inline.ts';
import { QueuedDelivery } from '../../src/delivery/queued.ts';
import { Reconciler } from '../../src/delivery/reconciler.ts';
import type { Target } from '../../src/ports/target.ts';
import { directStore } from './direct-store.ts';
import { FakeClock } from './fake-clock.ts';
import { memoryLog } from './log.ts';
import { entryOf, IMSI, LIMITS, OTHER_IMSI, wantedAt } from './subscribers.ts';
import { attemptsOn, barredAt, CALL_MS, TIMED_OUT } from './swaps.ts';

/** What becomes of a call: it is done, or its answer is lost, or it is, or it is carried out later. */
export type Fate = 'done' | 'unheard' | 'lost' | 'late';

/**
 * A core with one subscriber that says no to an insert of somebody it has, and to an update, by whichever name, of somebody it
 * does not have. To delete nobody is done, as targets have it.
 */
export class StrictCore implements Target {
  readonly name = 'strict';
  readonly calls: Action[] = [];
  /** What becomes of the next calls, in their order; all after them are done. */
  fates: Fate[] = [];
  /** The profile it has for him; null when it does not have him. */
  holds: string | null = null;
  readonly #late: Change[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async apply(change: Change): Promise<Outcome> {
    if (change.state.imsi !== IMSI) return DONE;
    this.calls.push(change.action);
    await new Promise<void>((resolve) => this.#clock.after(CALL_MS, resolve));
    const fate = this.fates.shift() ?? 'done';
    if (fate === 'late') this.#late.push(change);
    if (fate === 'late' || fate === 'lost') return TIMED_OUT;
    const outcome = this.#do(change);
    return fate === 'unheard' ? TIMED_OUT : outcome;
  }

  /** Comes to what it is late with. */
  catchUp(): void {
    for (const change of this.#late.splice(0)) this.#do(change);
  }

  #do({ action, state }: Change): Outcome {
    if (action === 'insert' && this.holds !== null) return failed('refused', 'already exists');
    if (action !== 'insert' && action !== 'delete' && this.holds === null)
      return failed('unknown_subscriber', 'no such subscriber');
    this.holds = action === 'delete' ? null : state.csProfile;
    return DONE;
  }

  async close() {}
}

export function arrivalOf(n: number, action: Action, msisdn?: string): Arrival {
  const { version, change } = wantedAt(n, { ...(msisdn !== undefined && { msisdn }) });
  const { state: _, why, status, attempts, ...draft } = entryOf(n, { imsi: IMSI });
  return { decision: { kind: 'provision', action, version, changes: [{ ...change, action }] }, draft };
}

/** His number goes to another SIM, which the core has whatever becomes of him. */
function swapOf(n: number, msisdn?: string): Arrival {
  const { decision, draft } = arrivalOf(n, 'update');
  const { change } = wantedAt(n, { imsi: OTHER_IMSI, ...(msisdn !== undefined && { msisdn }) });
  return { decision: { ...decision, action: 'replace', changes: [barredAt(n, IMSI).change, change] }, draft };
}

/** A connector in either mode before such a core, on a clock of its own; the time of day is mocked with it. */
export function strictSite(t: Pick<TestContext, 'mock'>, mode: 'inline' | 'queued') {
  const clock = new FakeClock();
  const now = t.mock.method(Date, 'now', () => clock.wall());
  const core = new StrictCore(clock);
  const attempts = attemptsOn(core, clock);
  const store = directStore();
  const eventIds = new EventIds();
  const parts = { store, attempts, clock, random: () => 0.5, eventIds };
  const reconciler = new Reconciler({
    ...parts,
    log: memoryLog(),
    limits: { deadlineMs: 5_000, concurrency: 1, rest: { firstMs: 10_000, longestMs: 10_000 } },
    newIds: () => ({ requestId: 'r', uniqueId: 'u' }),
  });
  reconciler.start();
  const delivery =
    mode === 'inline'
      ? new InlineDelivery({
          ...parts,
          done: reconciler.passOn.bind(reconciler),
          limits: { deadlineMs: 5_000, capacity: 100, retries: 0 },
        })
      : new QueuedDelivery({ store, capacity: 100, nudge: () => reconciler.nudge(), eventIds });
  return {
    core,
    store,
    /**
     * @param msisdn his number, or that of the SIM which gets it.
     * @returns what NSPS is told, once all that can be done now is done.
     */
    deliver: async (action: Action | 'replace', n: number, msisdn?: string): Promise<string> => {
      const answered = delivery.deliver(action === 'replace' ? swapOf(n, msisdn) : arrivalOf(n, action, msisdn), []);
      await clock.advance(1_000);
      const answer = await answered;
      return answer.kind === 'failed' ? answer.failure.code : answer.kind;
    },
    /** Lets so much time pass that whatever is in doubt is settled. */
    settle: () => clock.advance(2 * LIMITS.settleAfterMs),
    close: async () => {
      const stopped = reconciler.stop();
      await clock.advance(1_000);
      await stopped;
      await store.close();
      now.mock.restore();
    },
  };
}
