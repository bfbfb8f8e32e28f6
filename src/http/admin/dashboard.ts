import type { Overview } from '../../contract/admin.ts';
import { type Backlog, StoreError } from '../../ports/store.ts';
import type { AdminParts } from './parts.ts';
import { iso } from './present.ts';

/** What is counted in the store is kept for so long, in milliseconds, and for so many times what counting took. */
const FRESH_MS = 900;
const FRESH_TIMES = 20;

/**
 * How the connector does now. However many pages look on, the store is asked once a second at most, and less often where
 * counting takes long: a backlog of millions must not be counted all the time.
 */
export class Dashboard {
  readonly #parts: AdminParts;
  readonly #startedAt: number;
  #backlog: Backlog = { waiting: 0, oldest: null, dead: 0 };
  #fault: string | null = null;
  #freshUntil = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(parts: AdminParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.wall();
  }

  /** Never fails: when the store does, it says so, and tells what was counted last. */
  async overview(): Promise<Overview> {
    const { about, clock, charts, simulated } = this.#parts;
    await this.#refresh();
    const now = clock.wall();
    const load = this.#parts.load();
    const { waiting, oldest, dead } = this.#backlog;
    const { events, ...calls } = charts.lastMinute();
    return {
      at: iso(now),
      service: about.service,
      version: about.version,
      target: about.target,
      records: about.records,
      delivery: about.delivery,
      store: { kind: about.store, fault: this.#parts.storeFault() ?? this.#fault },
      startedAt: iso(this.#startedAt),
      circuit: {
        state: load.circuit,
        retryInMs: load.circuit === 'closed' ? null : Math.ceil(load.retryInMs),
        fault: load.fault,
      },
      inFlight: load.inFlight,
      inside: load.inside,
      waiting: load.waiting,
      rate: { perSecond: charts.lastSecond(), limit: about.rateLimit },
      backlog: { waiting, oldestMs: oldest === null ? null : Math.max(0, Math.round(now - oldest)), dead },
      lastMinute: { events: { ...events }, ...calls },
      simulator: simulated !== null,
    };
  }

  #refresh(): Promise<void> {
    if (this.#parts.clock.now() < this.#freshUntil) return Promise.resolve();
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { clock, backlog } = this.#parts;
    const asked = clock.now();
    try {
      this.#backlog = await backlog();
      this.#fault = null;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#fault = error.message;
    }
    const now = clock.now();
    this.#freshUntil = now + Math.max(FRESH_MS, FRESH_TIMES * (now - asked));
  }
}
