import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { FAILURES } from '../core/outcome.ts';
import { ACTIONS } from '../core/types.ts';
import type { Observer } from '../ports/observer.ts';
import type { Clock } from '../ports/runtime.ts';
import { BacklogReading } from './backlog-reading.ts';
import { Gauges, PREFIX, type Sources } from './gauges.ts';

/** From what a healthy core takes to the longest budget of an event; seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What is counted under a name of its own; any other falls under this: whoever sends events must not make series. */
const OTHER = 'other';

/** Where an event can end, in the words of the journal. */
const OUTCOMES = ['processed', 'queued', 'ignored', 'superseded', 'rejected', 'failed'];

type Names = readonly string[];
interface Count {
  inc(by?: number): void;
}
interface Times {
  observe(seconds: number): void;
}
type Call = Parameters<Observer['called']>[0];
type Work = Parameters<NonNullable<Observer['stored']>>[0];

/**
 * What happens, as Prometheus reads it. Label values come from closed lists. prom-client looks a label set up by a text made
 * of it; so each is looked up once, and kept.
 */
export class Metrics implements Observer {
  readonly #registry = new Registry();
  readonly #gauges: Gauges;
  readonly #backlog: BacklogReading;
  readonly #events: Children<Count>;
  readonly #answers: Children<Count>;
  readonly #refused: Children<Count>;
  readonly #repeated: Children<Count>;
  readonly #storeFailures: Children<Count>;
  readonly #calls: Children<Count>;
  readonly #eventTimes: Children<Times>;
  readonly #callTimes: Children<Times>;
  readonly #storeTimes: Children<Times>;
  readonly #coalesced: Counter;
  readonly #types: ReadonlySet<string>;
  #reading: Promise<string> | null = null;

  /** @param eventTypes those counted under their own name. */
  constructor(eventTypes: Iterable<string>, sources: Sources, clock: Clock) {
    this.#types = new Set(eventTypes);
    this.#gauges = new Gauges(this.#registry, sources);
    this.#backlog = new BacklogReading(sources.backlog, clock);
    const counter = (name: string, help: string, labelNames: Names) =>
      counters(this.#registry, `${name}_total`, help, labelNames);
    const times = (name: string, help: string, labelNames: Names) =>
      histograms(this.#registry, `${name}_duration_seconds`, help, labelNames);
    this.#events = counter('events', 'Events answered, by type and outcome.', ['type', 'outcome']);
    this.#answers = counter('answers', 'Answers to NSPS and to requests turned away, by HTTP status.', ['status']);
    this.#refused = counter('refused_requests', 'Requests turned away before they were an event.', ['reason']);
    this.#calls = counter('core_calls', 'Calls to the core, by action and class of result.', ['action', 'result']);
    this.#repeated = counter('core_repeats', 'Calls made again after a failure, by whose patience.', ['by']);
    this.#storeFailures = counter('store_failures', 'Store operations that failed or took too long.', ['operation']);
    this.#eventTimes = times('event', 'From the arrival of an event to its answer.', ['outcome']);
    this.#callTimes = times('core_call', 'What a call to the core took.', ['result']);
    this.#storeTimes = times('store_operation', 'What an operation of the store took.', ['operation']);
    this.#coalesced = new Counter({
      name: `${PREFIX}coalesced_changes_total`,
      help: 'Changes waiting to be sent that a newer one overtook, as far as this process took both of them.',
      registers: [this.#registry],
    });
    collectDefaultMetrics({ register: this.#registry });
    this.#begin();
  }

  /** A series that begins at 1 has not grown, for Prometheus: what alerts look at begins at 0. */
  #begin(): void {
    for (const type of [...this.#types, OTHER]) for (const outcome of OUTCOMES) this.#events.of(type, outcome).inc(0);
    for (const operation of ['claim', 'claim_due', 'write']) this.#storeFailures.of(operation).inc(0);
    for (const result of ['done', ...Object.keys(FAILURES)]) this.#calls.of('update', result).inc(0);
    for (const by of ['event', 'connector']) this.#repeated.of(by).inc(0);
    this.#refused.of('unauthorized').inc(0);
    this.#answers.of(429).inc(0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  answered(event: Parameters<Observer['answered']>[0]): void {
    this.#events.of(this.#types.has(event.type) ? event.type : OTHER, event.outcome).inc();
    this.#answers.of(event.status).inc();
    this.#eventTimes.of(event.outcome).observe(event.durationMs / 1000);
  }

  called({ action, result, durationMs }: Call): void {
    this.#calls.of((ACTIONS as Names).includes(action) ? action : OTHER, result).inc();
    this.#callTimes.of(result).observe(durationMs / 1000);
  }

  refused({ reason, status }: { reason: string; status: number }): void {
    this.#refused.of(reason).inc();
    this.#answers.of(status).inc();
  }

  repeated(by: 'event' | 'connector'): void {
    this.#repeated.of(by).inc();
  }

  stored({ operation, failed, durationMs }: Work): void {
    this.#storeTimes.of(operation).observe(durationMs / 1000);
    if (failed) this.#storeFailures.of(operation).inc();
  }

  coalesced(): void {
    this.#coalesced.inc();
  }

  /** All of them as text. Never waits long: not for the store either. Those who ask at a time share an answer. */
  read(): Promise<string> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<string> {
    this.#gauges.take(await this.#backlog.read());
    return await this.#registry.metrics();
  }
}

function counters(registry: Registry, name: string, help: string, labelNames: Names): Children<Count> {
  const counter = new Counter({ name: PREFIX + name, help, labelNames: [...labelNames], registers: [registry] });
  return new Children((labels) => counter.labels(...labels));
}

function histograms(registry: Registry, name: string, help: string, labelNames: Names) {
  const histogram = new Histogram({
    name: PREFIX + name,
    help,
    labelNames: [...labelNames],
    buckets: BUCKETS,
    registers: [registry],
  });
  return new Children((labels) => histogram.labels(...labels));
}

type Label = string | number;

/** The series of one metric, by one or two labels. */
class Children<T> {
  readonly #make: (labels: string[]) => T;
  readonly #known = new Map<Label, Map<Label, T>>();

  constructor(make: (labels: string[]) => T) {
    this.#make = make;
  }

  of(first: Label, second?: Label): T {
    return this.#known.get(first)?.get(second ?? '') ?? this.#add(first, second);
  }

  #add(first: Label, second: Label | undefined): T {
    const child = this.#make(second === undefined ? [String(first)] : [String(first), String(second)]);
    const row = this.#known.get(first) ?? new Map<Label, T>();
    this.#known.set(first, row.set(second ?? '', child));
    return child;
  }
}
