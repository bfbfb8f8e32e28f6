import { CoreSimulator } from '../core-simulator.ts';
import type { Faults } from '../faults.ts';
import { type Life, liveLife } from './life.ts';
import { Nsps } from './nsps.ts';
import { pause } from './pause.ts';
import type { Lives } from './people.ts';
import { Random } from './random.ts';
import { reportOf, type StormReport } from './report.ts';
import { Stalls } from './stalls.ts';
import { divergent } from './verdict.ts';
import { CoreWatch } from './watch.ts';

/** The connectors that a storm is let loose on. Whoever started them stops them. */
export interface Fleet {
  /** Where each takes its events; may change when one comes back. */
  readonly eventUrls: readonly string[];
  /** Ends one as `kill -9` does and starts it again; resolves when it takes events. Needed for kills only. */
  kill?(index: number): Promise<void>;
}

export interface StormOptions {
  /** A whole number: the same seed gives the same life. */
  readonly seed: number;
  readonly subscribers: number;
  /** Of every subscriber. */
  readonly changes: number;
  /** `changes` when absent; `full` needs connectors that map `SIM/Created` to insert and `SIM/Deleted` to delete. */
  readonly lives?: Lives;
  /** The core answers 404 to an update of somebody it does not have, instead of taking him in: for full lives only. */
  readonly knownOnly?: boolean;
  /** Bearer token of the connectors. */
  readonly token: string;
  /** Starts connectors, or names them, for a core at this base URL. */
  readonly connectors: (coreUrl: string) => Promise<Fleet> | Fleet;
  /** Where the core listens, and the token it insists on; a free port of loopback and no token when absent. */
  readonly core?: { readonly port?: number; readonly token?: string };
  /** Of the core; `DEFAULT_FAULTS` when absent. */
  readonly faults?: Faults;
  /** Connectors killed at even points of the progress; none when absent. */
  readonly kills?: number;
  /** What a minute of NSPS takes here; 0.001 when absent: 60 ms. */
  readonly timeScale?: number;
  /** How long the core may take to become right once all is acknowledged and faults are over, in milliseconds. */
  readonly settleMs?: number;
  /** After which time a connector takes a request without an answer for dead (SETTLE_AFTER), in milliseconds. */
  readonly settleAfterMs?: number;
  /** The storm gives up when no event was acknowledged for so long, in milliseconds. */
  readonly stallMs?: number;
  readonly onAcknowledged?: () => void;
  readonly signal?: AbortSignal;
}

/** A bad day of a core: most requests work, every kind of failure comes up. */
export const DEFAULT_FAULTS: Faults = {
  latency_ms: 2,
  jitter_ms: 15,
  late_ms: 1_500,
  mix: [
    { as: 503, rate: 0.04 },
    { as: 429, rate: 0.01 },
    { as: 500, rate: 0.01 },
    { as: 'applied-500', rate: 0.01 },
    { as: 'refuse', rate: 0.01 },
    { as: 'cut', rate: 0.02 },
    { as: 'hang', rate: 0.005 },
    { as: 'late', rate: 0.01 },
  ],
};

/** Plays one life against connectors and a faulty core, and compares the core with billing. @throws the signal's reason */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const life = liveLife(options.seed, options);
  const storm = new Storm(options, life);
  return await storm.run();
}

/** Chance is drawn from three sources, so that the life is the same whatever the others do. */
const CORE_SEED = 1;
const NSPS_SEED = 2;

/** Between two looks at the core, in milliseconds. */
const LOOK_MS = 50;

class Storm {
  readonly #options: StormOptions;
  readonly #life: Life;
  readonly #core: CoreSimulator;
  readonly #watch: CoreWatch;
  readonly #stalls = new Stalls();
  readonly #nsps: Nsps;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #fleet: Fleet = { eventUrls: [] };
  #onProgress = () => {};
  #acknowledged = 0;
  #kills = 0;
  #killing: Promise<void> = Promise.resolve();

  constructor(options: StormOptions, life: Life) {
    this.#options = options;
    this.#life = life;
    this.#random = new Random(options.seed + NSPS_SEED);
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#stop.signal]) : this.#stop.signal;
    this.#nsps = new Nsps({
      events: life.events,
      urls: () => this.#fleet.eventUrls,
      token: options.token,
      random: this.#random,
      timeScale: options.timeScale ?? 0.001,
      onAcknowledged: () => this.#acknowledge(),
    });
    this.#watch = new CoreWatch(
      life,
      (eventId) => this.#nsps.toldAt(eventId),
      () => this.#stalls.sentSince(),
    );
    this.#core = new CoreSimulator({
      port: options.core?.port ?? 0,
      ...(options.core?.token && { token: options.core.token }),
      // A clash is to be counted, not to be prevented by the core.
      oneOwner: false,
      knownOnly: options.knownOnly ?? false,
      faults: options.faults ?? DEFAULT_FAULTS,
      random: new Random(options.seed + CORE_SEED).next,
      watcher: this.#watch,
    });
  }

  async run(): Promise<StormReport> {
    const coreUrl = await this.#core.start();
    try {
      this.#fleet = await this.#options.connectors(coreUrl);
      const began = performance.now();
      await this.#deliver();
      await this.#killing;
      if (!this.#isStalled()) this.#signal.throwIfAborted();
      const stormMs = Math.round(performance.now() - began);
      const convergedMs = await this.#converge();
      const divergences = this.#divergent().map((one) => ({ ...one, history: this.#watch.history(one.imsi) }));
      const { events } = this.#life;
      const facts = { options: this.#options, events, nsps: this.#nsps, watch: this.#watch, kills: this.#kills };
      return reportOf({ ...facts, divergences, stormMs, convergedMs });
    } finally {
      this.#stalls.stop();
      await this.#core.stop();
    }
  }

  /** Until all is acknowledged, or nothing has been for long. */
  async #deliver(): Promise<void> {
    const stall = setTimeout(() => this.#stop.abort(STALLED), this.#options.stallMs ?? 30_000);
    this.#onProgress = () => stall.refresh();
    try {
      await this.#nsps.run(this.#signal);
    } catch (error) {
      if (!this.#isStalled()) throw error;
    } finally {
      clearTimeout(stall);
    }
  }

  #isStalled(): boolean {
    return this.#signal.reason === STALLED;
  }

  #acknowledge(): void {
    this.#acknowledged++;
    this.#onProgress();
    this.#options.onAcknowledged?.();
    const kills = this.#options.kills ?? 0;
    const due = Math.floor((this.#acknowledged / this.#life.events.length) * (kills + 1));
    if (this.#kills < Math.min(due, kills)) this.#kill();
  }

  #kill(): void {
    this.#kills++;
    const victim = this.#random.whole(0, this.#fleet.eventUrls.length - 1);
    this.#killing = this.#killing
      .then(() => this.#fleet.kill?.(victim))
      .catch((error: unknown) => this.#stop.abort(error));
  }

  /** Waits until the core is right, and then whether it stays so. @returns how long it took, in milliseconds, or null. */
  async #converge(): Promise<number | null> {
    const { settleMs = 30_000, settleAfterMs = 2_000, signal } = this.#options;
    this.#core.setFaults({});
    const began = performance.now();
    const isRight = () => this.#core.pending === 0 && this.#divergent().length === 0;
    while (!isRight() && performance.now() - began < settleMs) await pause(LOOK_MS, signal);
    const convergedMs = isRight() ? Math.round(performance.now() - began) : null;
    await pause(settleAfterMs, signal);
    return convergedMs;
  }

  #divergent() {
    return divergent(this.#life.truth, (imsi) => this.#core.subscribers.get(imsi));
  }
}

const STALLED = new Error('no event was acknowledged for long');
