import { Random } from '../../sim/storm/random.ts';
import { DONE, failed, type Outcome } from '../../src/core/outcome.ts';
import type { Change, SubscriberState } from '../../src/core/types.ts';
import type { Target } from '../../src/ports/target.ts';
import type { FakeClock } from './fake-clock.ts';
import { TIMED_OUT } from './swaps.ts';

/** What becomes of a call: it is done, or its answer is lost, or it is, or the core comes to it later, or is not there. */
export interface Chance {
  readonly fate: 'done' | 'unheard' | 'lost' | 'late' | 'away';
  readonly lateMs: number;
}

/** A call and its answer each take up to so long, in milliseconds. */
const LONGEST_WAY_MS = 100;

/**
 * A core that says no to an insert of somebody it has, to an update of somebody it does not have, and to a number that somebody
 * else has. To delete nobody is done, as targets have it.
 */
export class TownCore implements Target {
  readonly name = 'town';
  readonly states = new Map<string, SubscriberState>();
  /** What was asked of it, and what came of that. */
  readonly log: string[] = [];
  readonly faults: string[] = [];
  /** Those it is called for, by the callers that live. */
  #called = new Set<string>();
  /** The newest state of each that a caller who lives heard to be done (G2). */
  readonly #confirmed = new Map<string, number>();
  readonly #chances: Chance[];
  readonly #random: Random;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, chances: readonly Chance[], seed: number) {
    this.#clock = clock;
    this.#chances = [...chances];
    this.#random = new Random(seed + 1);
  }

  async apply(change: Change): Promise<Outcome> {
    const { imsi } = change.state;
    const called = this.#called;
    const n = numberOf(change);
    const newest = this.#confirmed.get(imsi) ?? n;
    if (n < newest) this.faults.push(`${imsi} is sent ${n} after ${newest} was confirmed`);
    if (called.has(imsi)) this.faults.push(`two calls for ${imsi}`);
    called.add(imsi);
    const { fate, lateMs } = this.#chances.shift() ?? { fate: 'done', lateMs: 0 };
    await this.#way();
    const outcome = fate === 'done' || fate === 'unheard' ? this.#do(change, fate) : null;
    if (fate === 'late') this.#clock.after(lateMs, () => this.#do(change, fate));
    await this.#way();
    called.delete(imsi);
    if (fate === 'done' && outcome?.kind === 'done' && called === this.#called)
      this.#confirmed.set(imsi, Math.max(n, newest));
    if (fate === 'away') return failed('connect_failed', 'no core');
    return fate === 'done' && outcome ? outcome : TIMED_OUT;
  }

  /** What it was called for by a process that is gone is of nobody's concern any more. */
  callerDied(): void {
    this.#called = new Set();
  }

  #way(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(this.#random.whole(1, LONGEST_WAY_MS), resolve));
  }

  #do(change: Change, fate: Chance['fate']): Outcome {
    const outcome = this.#change(change);
    const { imsi, msisdn, csProfile } = change.state;
    const came = outcome.kind === 'done' ? fate : outcome.failure.why;
    this.log.push(
      `${Math.round(this.#clock.now())} ms: ${change.action} ${imsi} ${msisdn ?? '-'} ${csProfile}: ${came}`,
    );
    return outcome;
  }

  #change({ action, state }: Change): Outcome {
    const isThere = this.states.has(state.imsi);
    if (action === 'insert' && isThere) return failed('refused', 'already exists');
    if (action === 'update' && !isThere) return failed('unknown_subscriber', 'no such subscriber');
    if (action !== 'delete' && this.#isTaken(state)) return failed('refused', 'number in use');
    if (action === 'delete') this.states.delete(state.imsi);
    else this.states.set(state.imsi, state);
    return DONE;
  }

  #isTaken({ imsi, msisdn }: SubscriberState): boolean {
    return msisdn !== null && [...this.states.values()].some((other) => other.imsi !== imsi && other.msisdn === msisdn);
  }

  async close() {}
}

/** Which event of its story it is of. */
function numberOf({ state }: Change): number {
  return Number(state.csProfile.replace('cs-', ''));
}
