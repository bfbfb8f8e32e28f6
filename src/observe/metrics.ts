import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import { OUTCOMES } from '../contract/event-states.ts';
import { FAILURES } from '../core/outcome.ts';
import { ACTIONS } from '../core/types.ts';
import type { AnsweredEvent, EndedCall, Observer, RefusedRequest, RepeatedBy, StoreWork } from '../ports/observer.ts';
import type { Clock } from '../ports/runtime.ts';
import { BacklogReading } from './backlog-reading.ts';
import { Gauges, PREFIX, type Sources } from './gauges.ts';
import { Counts, Durations } from './tallies.ts';

/** What is counted under a name of its own; any other falls under this: whoever sends events must not make series. */
const OTHER = 'other';

type Names = readonly string[];

/** What happens, as Prometheus reads it. Label values come from closed lists. */
export class Metrics implements Observer {
  readonly #registry = new Registry();
  readonly #gauges: Gauges;
  readonly #backlog: BacklogReading;
  readonly #events: Counts;
  readonly #answers: Counts;
  readonly #refused: Counts;
  readonly #repeated: Counts;
  readonly #storeFailures: Counts;
  readonly #calls: Counts;
  readonly #eventTimes: Durations;
  readonly #callTimes: Durations;
  readonly #storeTimes: Durations;
  readonly #coalesced: Counter;
  readonly #types: ReadonlySet<string>;
  #reading: Promise<string> | null = null;

  /** @param eventTypes those counted under their own name. */
  constructor(eventTypes: Iterable<string>, sources: Sources, clock: Clock) {
    this.#types = new Set(eventTypes);
    this.#gauges = new Gauges(this.#registry, sources);
    this.#backlog = new BacklogReading(sources.backlog, clock);
    const counts = (name: string, help: string, labelNames: Names) =>
      new Counts(this.#registry, { name: `${PREFIX}${name}_total`, help, labelNames });
    const times = (name: string, help: string, label: string) =>
      new Durations(this.#registry, { name: `${PREFIX}${name}_duration_seconds`, help, labelNames: [label] });
    this.#events = counts('events', 'Events answered, by type and outcome.', ['type', 'outcome']);
    this.#answers = counts('answers', 'Answers to NSPS and to requests turned away, by HTTP status.', ['status']);
    this.#refused = counts(
      'refused_requests',
      'Requests turned away: of NSPS before they were an event, and of operators.',
      ['reason'],
    );
    this.#calls = counts('core_calls', 'Calls to the core, by action and class of result.', ['action', 'result']);
    this.#repeated = counts('core_repeats', 'Calls made again after a failure, by whose patience.', ['by']);
    this.#storeFailures = counts('store_failures', 'Store operations that failed or took too long.', ['operation']);
    this.#eventTimes = times('event', 'From the arrival of an event to its answer.', 'outcome');
    this.#callTimes = times('core_call', 'What a call to the core took.', 'result');
    this.#storeTimes = times('store_operation', 'What an operation of the store took.', 'operation');
    this.#coalesced = new Counter({
      name: `${PREFIX}coalesced_changes_total`,
      help: 'Changes waiting to be sent that a newer one overtook; on a database of several connectors nobody can tell.',
      registers: [this.#registry],
    });
    collectDefaultMetrics({ register: this.#registry });
    this.#begin();
  }

  /** A series that begins at 1 has not grown, for Prometheus: what alerts look at begins at 0. */
  #begin(): void {
    for (const type of [...this.#types, OTHER]) for (const outcome of OUTCOMES) this.#events.begin(type, outcome);
    for (const operation of ['claim', 'claim_due', 'write']) this.#storeFailures.begin(operation);
    for (const result of ['done', ...Object.keys(FAILURES)]) this.#calls.begin('update', result);
    for (const by of ['event', 'connector']) this.#repeated.begin(by);
    this.#refused.begin('unauthorized');
    this.#answers.begin(429);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  answered({ type, outcome, status, durationMs }: AnsweredEvent): void {
    this.#events.count(this.#types.has(type) ? type : OTHER, outcome);
    this.#answers.count(status);
    this.#eventTimes.took(durationMs, outcome);
  }

  called({ action, result, durationMs }: EndedCall): void {
    this.#calls.count((ACTIONS as Names).includes(action) ? action : OTHER, result);
    this.#callTimes.took(durationMs, result);
  }

  refused({ reason, status }: RefusedRequest): void {
    this.#refused.count(reason);
    this.#answers.count(status);
  }

  repeated(by: RepeatedBy): void {
    this.#repeated.count(by);
  }

  stored({ operation, failed, durationMs }: StoreWork): void {
    this.#storeTimes.took(durationMs, operation);
    if (failed) this.#storeFailures.count(operation);
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
