import { Semaphore } from '../../basics/semaphore.ts';
import { DONE, failed, type Outcome } from '../../core/outcome.ts';
import type { Change } from '../../core/types.ts';
import type { Clock } from '../../ports/runtime.ts';
import type { CallContext, Target } from '../../ports/target.ts';
import { STOPPING } from '../connect-words.ts';
import { Ctrl } from './ctrl.ts';
import { Vty } from './vty.ts';
import {
  Halt,
  type Held,
  interrupted,
  judge,
  objectionOf,
  readByImsi,
  readByMsisdn,
  readInfo,
  type Step,
  stepsTo,
  unfit,
} from './wire.ts';

interface OsmoHlrOptions {
  readonly host: string;
  readonly ctrlPort: number;
  readonly vtyPort: number;
  /** Longest time for one attempt, in milliseconds; and longest wait for its turn. */
  readonly timeoutMs: number;
}

/** Rounds of looking and doing: the second is for what a new subscriber is like only once he is there. */
const MOST_ROUNDS = 2;

/**
 * Changes under way at a time. The HLR does one thing after the other and waits for its disk at every write: more would not
 * be done sooner, but on a slow disk all of them would time out half way.
 */
const AT_ONCE = 16;

const NO_TURN = failed('no_turn', 'Connection timeout: no turn at the HLR before the deadline, it is busy with others');

const STOPPED = failed('connect_failed', STOPPING);

/** OsmoHLR behind its control interface and its console: looks, says what differs, and looks again. */
export class OsmoHlrTarget implements Target {
  readonly name = 'osmo-hlr';
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #ctrl: Ctrl;
  readonly #vty: Vty;
  readonly #turns: Semaphore;
  #closed = false;

  constructor({ host, ctrlPort, vtyPort, timeoutMs }: OsmoHlrOptions, clock: Clock) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#ctrl = new Ctrl({ host, port: ctrlPort }, clock);
    this.#vty = new Vty({ host, port: vtyPort }, clock);
    this.#turns = new Semaphore(AT_ONCE, clock);
  }

  async apply(change: Change, context: CallContext): Promise<Outcome> {
    if (this.#closed) return STOPPED;
    const objection = unfit(change);
    if (objection !== null) return failed('refused', objection);
    if (context.deadline <= this.#clock.now()) {
      return failed('connect_failed', 'Connection timeout: no time left for the call');
    }
    if (!(await this.#turns.enter(this.#within(context)))) return this.#closed ? STOPPED : NO_TURN;
    try {
      return await new Application(this.#ctrl, this.#vty, change, this.#within(context)).run();
    } finally {
      this.#turns.leave();
    }
  }

  /** When an attempt that begins now has to end. */
  #within({ deadline }: CallContext): number {
    return Math.min(deadline, this.#clock.now() + this.#timeoutMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#turns.giveUp();
    this.#ctrl.close();
    this.#vty.close();
  }
}

/** One attempt to bring one subscriber to a state. */
class Application {
  readonly #ctrl: Ctrl;
  readonly #vty: Vty;
  readonly #change: Change;
  readonly #deadline: number;
  /** Whether anything that changes something may have reached the HLR. */
  #wrote = false;

  constructor(ctrl: Ctrl, vty: Vty, change: Change, deadline: number) {
    this.#ctrl = ctrl;
    this.#vty = vty;
    this.#change = change;
    this.#deadline = deadline;
  }

  async run(): Promise<Outcome> {
    try {
      await this.#vty.settled(this.#change.state.imsi, this.#deadline);
      return await this.#bring();
    } catch (error) {
      if (error instanceof Halt) return interrupted(error, this.#wrote);
      throw error;
    }
  }

  async #bring(): Promise<Outcome> {
    const change = this.#change;
    const before = await this.#look();
    // Asked first: a number that is taken must not leave a part of the change behind.
    const taken = await this.#holder(before);
    if (taken !== null) return judge({ change, before, after: before, holder: taken, objection: null });
    let after = before;
    let objection: string | null = null;
    for (let round = 0; round <= MOST_ROUNDS; round++) {
      const steps = stepsTo(change, after);
      // What the HLR holds counts, not what it said.
      if (steps.length === 0) return DONE;
      if (objection !== null || round === MOST_ROUNDS) break;
      objection = await this.#walk(steps);
      after = await this.#look();
    }
    return judge({ change, before, after, holder: await this.#holder(after), objection });
  }

  async #look(): Promise<Held | null> {
    return readInfo(await this.#ctrl.ask(readByImsi(this.#change.state.imsi), this.#deadline));
  }

  /** @returns the IMSI of another subscriber that holds the number which is to be given. */
  async #holder(held: Held | null): Promise<string | null> {
    const { action, state } = this.#change;
    if (action === 'delete' || state.msisdn === null || held?.msisdn === state.msisdn) return null;
    const holder = readInfo(await this.#ctrl.ask(readByMsisdn(state.msisdn), this.#deadline));
    return holder && holder.imsi !== state.imsi ? holder.imsi : null;
  }

  /** @returns the HLR's objection, after which nothing more is said. */
  async #walk(steps: readonly Step[]): Promise<string | null> {
    for (const step of steps) {
      const objection = objectionOf(step, await this.#say(step));
      if (objection !== null) return objection;
    }
    return null;
  }

  async #say({ via, command }: Step) {
    try {
      const answer =
        via === 'ctrl'
          ? await this.#ctrl.ask(command, this.#deadline)
          : await this.#vty.run(this.#change.state.imsi, command, this.#deadline);
      this.#wrote = true;
      return answer;
    } catch (error) {
      this.#wrote ||= error instanceof Halt && error.sent;
      throw error;
    }
  }
}
