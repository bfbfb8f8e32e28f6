import { Counter, Gauge, type Registry } from 'prom-client';
import { CIRCUIT_STATES, type CircuitState } from '../contract/circuit-states.ts';
import type { Backlog } from '../ports/store.ts';

/** Every name of ours begins so. */
export const PREFIX = 'nsps_connector_';

/** Where the figures come from that are looked up when somebody asks. */
export interface Sources {
  readonly build: {
    readonly version: string;
    readonly target: string;
    readonly delivery: string;
    readonly store: string;
  };
  /** Calls to the core at a time and a second; 0 = no limit. */
  readonly limits: { readonly concurrency: number; readonly perSecond: number };
  /** Events under way. */
  inside(): number;
  /** Calls to the core under way, and those that wait for their turn. */
  calls(): { readonly underWay: number; readonly waiting: number };
  circuit(): { readonly state: CircuitState; readonly openings: number };
  storeUp(): boolean;
  backlog(): Promise<Backlog>;
  /** Milliseconds since 1970. */
  wall(): number;
}

/** How things are now, as Prometheus reads it. */
export class Gauges {
  readonly #registry: Registry;
  readonly #sources: Sources;
  readonly #waiting: Gauge;
  readonly #oldest: Gauge;
  readonly #dead: Gauge;

  constructor(registry: Registry, sources: Sources) {
    this.#registry = registry;
    this.#sources = sources;
    this.#waiting = this.#gauge('backlog_subscribers', 'Subscribers that the connector still has to do something for.');
    this.#oldest = this.#gauge('backlog_oldest_age_seconds', 'How long the oldest of them waits; 0 when none does.');
    this.#dead = this.#gauge('dead_letters', 'Subscribers whose newest change was given up.');
    this.#now();
    this.#circuit();
    const { build, limits } = sources;
    this.#gauge('build_info', 'What runs: always 1.', Object.keys(build)).set({ ...build }, 1);
    this.#gauge('core_calls_limit', 'Most calls to the core at a time.').set(limits.concurrency);
    this.#gauge('core_calls_per_second_limit', 'Most calls to the core a second; 0 = no limit.').set(limits.perSecond);
  }

  #gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  /** A gauge that is looked up whenever it is read. */
  #look(name: string, help: string, look: () => number): void {
    const registers = [this.#registry];
    new Gauge({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        this.set(look());
      },
    });
  }

  #now(): void {
    const sources = this.#sources;
    this.#look('events_inside', 'Events under way: called for, or waiting.', () => sources.inside());
    this.#look('core_calls_in_flight', 'Calls the core is working on.', () => sources.calls().underWay);
    this.#look(
      'core_calls_waiting',
      'Calls that wait for a free one or for their turn.',
      () => sources.calls().waiting,
    );
    this.#look('store_up', 'Whether the store works: 1 or 0.', () => (sources.storeUp() ? 1 : 0));
  }

  #circuit(): void {
    const { circuit } = this.#sources;
    new Gauge({
      name: `${PREFIX}circuit_state`,
      help: 'State of the circuit to the core: 1 for the one it is in, 0 for the others.',
      labelNames: ['state'],
      registers: [this.#registry],
      collect() {
        for (const state of CIRCUIT_STATES) this.set({ state }, circuit().state === state ? 1 : 0);
      },
    });
    let told = 0;
    new Counter({
      name: `${PREFIX}circuit_openings_total`,
      help: 'How often the circuit opened, after a probe that failed too.',
      registers: [this.#registry],
      collect() {
        const { openings } = circuit();
        this.inc(openings - told);
        told = openings;
      },
    });
  }

  /** @param backlog null when the store does not say: then nothing is told, rather than something untrue. */
  take(backlog: Backlog | null): void {
    if (!backlog) {
      for (const gauge of [this.#waiting, this.#oldest, this.#dead]) gauge.remove();
      return;
    }
    const { waiting, oldest, dead } = backlog;
    this.#waiting.set(waiting);
    this.#oldest.set(oldest === null ? 0 : Math.max(0, this.#sources.wall() - oldest) / 1000);
    this.#dead.set(dead);
  }
}
