import type { Failure } from '../../core/outcome.ts';
import type { Observer } from '../../ports/observer.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { RecordingTarget } from '../../ports/recording.ts';
import type { Clock, Logger, Random } from '../../ports/runtime.ts';
import { StoreError } from '../../ports/store.ts';
import { NO_TRACER, type Tracer } from '../../ports/tracer.ts';
import { Rest } from '../rest.ts';
import type { RecorderDesk } from './delivery.ts';
import { Endings } from './endings.ts';
import { RowWriter, type WriterParts } from './row-writer.ts';
import { type Patience, Trouble } from './trouble.ts';
import { Waiters } from './waiters.ts';

type RecorderLimits = Patience & WriterParts['limits'];

/** After the store failed, in milliseconds. */
const STORE_REST_MS = 1_000;

/**
 * The one writer of a sheet. Takes what waits in the outbox in the order in which it came and appends it, many events a
 * write. Appending cannot be repeated blindly: before each write it notes durably what it is about to send, and after any
 * failure that leaves the result open (kill -9 is one) it reads back what is there and sends only what is not.
 */
export class Recorder implements RecorderDesk {
  readonly #log: Logger;
  readonly #waiters: Waiters;
  readonly #rest: Rest;
  readonly #trouble: Trouble;
  readonly #writer: RowWriter;
  #running: Promise<void> | null = null;

  constructor(parts: {
    outbox: Outbox;
    target: RecordingTarget;
    clock: Clock;
    random: Random;
    log: Logger;
    limits: RecorderLimits;
    observer?: Observer | null;
    tracer?: Tracer;
  }) {
    const { clock, log } = parts;
    const [waiters, rest] = [new Waiters(clock), new Rest(clock)];
    const endings = new Endings({ ...parts, waiters });
    const trouble = new Trouble({ ...parts, waiters, endings, rest });
    const { observer = null, tracer = NO_TRACER } = parts;
    this.#writer = new RowWriter({ ...parts, observer, tracer, endings, rest, trouble });
    this.#log = log;
    this.#waiters = waiters;
    this.#rest = rest;
    this.#trouble = trouble;
  }

  get fault(): Failure | null {
    return this.#trouble.fault;
  }

  get unwell(): boolean {
    return this.#trouble.lasting || this.#rest.stopping;
  }

  /** What keeps it from recording, as a circuit: open until somebody mends it. */
  get circuit(): { readonly state: 'closed' | 'open'; readonly openings: number } {
    return { state: this.fault === null ? 'closed' : 'open', openings: this.#trouble.holdUps };
  }

  /** Until the next call after a failure, in milliseconds. */
  get restMs(): number {
    return this.#trouble.restMs;
  }

  /** Events being written. */
  get underWay(): number {
    return this.#writer.underWay;
  }

  expect(eventId: string, ms: number) {
    return this.#waiters.expect(eventId, ms);
  }

  /**
   * Looks at the header once, before anything is taken.
   * @returns what is wrong with it; null when it is right, or nobody can tell now.
   */
  firstLook(): Promise<string | null> {
    return this.#writer.firstLook();
  }

  nudge(): void {
    this.#rest.nudge();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Begins no new write, lets the one under way end, and keeps nobody waiting. Idempotent. */
  async stop(): Promise<void> {
    this.#rest.stop();
    await this.#running;
    this.#waiters.tellAll({ kind: 'queued' });
  }

  async #run(): Promise<void> {
    while (!this.#rest.stopping) {
      try {
        const came = await this.#writer.step();
        if (came === null) continue;
        if ('restMs' in came) await this.#rest.pause(came.restMs, came.nudges);
        else await this.#trouble.befell(came.failure, this.#writer.unsure);
      } catch (error) {
        // That the store fails is said once, by whoever watches it.
        if (!(error instanceof StoreError)) this.#log.error({ err: error }, 'Events cannot be recorded');
        // What was being written may be there or not: what is noted in the store counts.
        this.#writer.forget();
        await this.#rest.pause(STORE_REST_MS);
      }
    }
  }
}
