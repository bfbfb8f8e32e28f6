import type { CoreWatcher } from '../core-simulator.ts';
import type { Exchange } from '../exchange.ts';
import { type CoreState, changeOf, type Life } from './life.ts';

/**
 * Stands beside the core and writes down what a connector must never do. It judges a request by what the core held when
 * it arrived, and by what NSPS had been answered by then.
 */

/** One request as it is shown in the report. */
export interface SeenRequest {
  /** Since the storm began, in milliseconds. */
  readonly atMs: number;
  /** What the core was asked to do. */
  readonly action: string;
  /** Which change it carries; null when it is none of ours. */
  readonly change: number | null;
  readonly status: string;
  /** None of a delete: it gives nobody a number, whatever it names. */
  readonly msisdn: readonly string[];
  /** `applied`, the core's words, or the fault. */
  outcome: string;
  /** Since the storm began, in milliseconds; null when it never was. */
  appliedAtMs: number | null;
  /** Whether the caller had gone when it was applied. */
  late: boolean;
}

export interface Violation {
  readonly kind: 'overlap' | 'order' | 'clash';
  readonly imsi: string;
  /** The SIM that had the number. */
  readonly holder?: string;
  readonly atMs: number;
  readonly message: string;
}

export interface CoreTally {
  /** Requests that arrived, and those the core applied. */
  readonly calls: number;
  readonly applied: number;
  /** Of the applied ones: after the caller had gone. */
  readonly late: number;
  /** By what the core did with them, whoever it was for. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Numbers met at another SIM whose release nobody had told the connector of. */
  readonly unknowable: number;
  /** Requests read so late that nobody can say in which order they were sent: after a stall of this process, say. */
  readonly unclear: number;
}

/**
 * A connector may have sent a request just before it answered the event that forbids it, and the two may arrive here the
 * other way round; in milliseconds.
 */
const CROSSING_MS = 200;

interface Holder {
  readonly msisdn: readonly string[];
  /** Whether it was applied after its time: nobody could know that it would be. */
  readonly late: boolean;
  /**
   * Whether the core gave its number to another one meanwhile. That was judged then, and whoever takes it from that one takes
   * nothing more from this: a core that refuses numbers in use never comes to it.
   */
  shared: boolean;
}

export class CoreWatch implements CoreWatcher {
  readonly #life: Life;
  readonly #toldAt: (eventId: string) => number | undefined;
  readonly #began = performance.now();
  /** The newest change applied, and when. */
  readonly #newest = new Map<string, { readonly change: number; readonly at: number }>();
  readonly #readSince: () => number;
  readonly #holders = new Map<string, Holder>();
  readonly #seen = new WeakMap<Exchange, SeenRequest>();
  readonly #histories = new Map<string, SeenRequest[]>();
  readonly #outcomes = new Map<string, number>();
  readonly violations: Violation[] = [];
  #calls = 0;
  #applied = 0;
  #late = 0;
  #unknowable = 0;
  #unclear = 0;

  /**
   * @param toldAt when an event was first answered, on the clock of `performance.now()`.
   * @param readSince since when, at the least, this process reads what is sent to it, on the same clock.
   */
  constructor(
    life: Life,
    toldAt: (eventId: string) => number | undefined,
    readSince: () => number = () => performance.now(),
  ) {
    this.#readSince = readSince;
    this.#life = life;
    this.#toldAt = toldAt;
  }

  get tally(): CoreTally {
    return {
      calls: this.#calls,
      applied: this.#applied,
      late: this.#late,
      outcomes: this.#outcomes,
      unknowable: this.#unknowable,
      unclear: this.#unclear,
    };
  }

  /** Every request that arrived for a subscriber, in order. */
  history(imsi: string): readonly SeenRequest[] {
    return this.#histories.get(imsi) ?? [];
  }

  arrived(exchange: Exchange): void {
    this.#calls++;
    const { imsi } = exchange;
    const seen = this.#see(exchange);
    const history = this.#histories.get(imsi);
    if (history) history.push(seen);
    else this.#histories.set(imsi, [seen]);
    const newest = this.#newest.get(imsi);
    if (newest !== undefined && seen.change !== null && seen.change < newest.change) {
      if (newest.at >= this.#sentSince(exchange)) this.#unclear++;
      else
        this.#violation('order', imsi, `change ${seen.change} was sent when change ${newest.change} had been applied`);
    }
    for (const number of seen.msisdn) this.#checkNumber(number, exchange);
  }

  overlapped(exchange: Exchange, met: readonly Exchange[]): void {
    const since = this.#sentSince(exchange);
    if (met.every(({ arrivedAt }) => arrivedAt >= since)) this.#unclear++;
    else this.#violation('overlap', exchange.imsi, 'a request arrived while another one was in flight');
  }

  /** When, at the earliest, it was sent. */
  #sentSince({ sentSince }: Exchange): number {
    return Math.min(sentSince, this.#readSince());
  }

  applied(exchange: Exchange): void {
    const seen = this.#seen.get(exchange) as SeenRequest;
    seen.appliedAtMs = this.#now();
    seen.late = exchange.end === 'abandoned';
    this.#applied++;
    if (seen.late) this.#late++;
    const change = seen.change ?? 0;
    const newest = this.#newest.get(exchange.imsi)?.change ?? 0;
    if (change > newest) this.#newest.set(exchange.imsi, { change, at: performance.now() });
    for (const number of seen.msisdn) this.#share(number);
    // What is older than what the core had was judged when it arrived.
    const late = seen.late || change < newest;
    this.#holders.set(exchange.imsi, { msisdn: seen.msisdn, late, shared: false });
  }

  #share(number: string): void {
    for (const other of this.#life.simsOf.get(number) ?? []) {
      const holder = this.#holders.get(other);
      if (holder?.msisdn.includes(number)) holder.shared = true;
    }
  }

  treated(exchange: Exchange, outcome: string): void {
    (this.#seen.get(exchange) as SeenRequest).outcome = outcome;
    const kind = outcome.replace(exchange.imsi, '<imsi>');
    this.#outcomes.set(kind, (this.#outcomes.get(kind) ?? 0) + 1);
  }

  #see(exchange: Exchange): SeenRequest {
    const { action, cs_profile, subscriber_status, msisdn } = exchange.request as Partial<
      CoreState & { action: string }
    >;
    const seen: SeenRequest = {
      atMs: this.#now(),
      action: String(action),
      change: changeOf(cs_profile),
      status: String(subscriber_status),
      msisdn: Array.isArray(msisdn) && action !== 'delete' ? msisdn : [],
      outcome: 'never treated',
      appliedAtMs: null,
      late: false,
    };
    this.#seen.set(exchange, seen);
    return seen;
  }

  /** G5: the number must be free, unless nobody could know that it should be, or the core itself brought it back. */
  #checkNumber(number: string, exchange: Exchange): void {
    const { imsi, arrivedAt } = exchange;
    // Given before anybody could know: sending it again gives nothing away.
    if (this.#holders.get(imsi)?.msisdn.includes(number)) return;
    const sims = this.#life.simsOf.get(number) ?? [];
    for (const other of sims) {
      const holder = this.#holders.get(other);
      if (other === imsi || !holder?.msisdn.includes(number) || holder.late || holder.shared) continue;
      const told = this.#swapsToldAt(sims, other, imsi);
      if (told === null || this.#sentSince(exchange) - told < CROSSING_MS) {
        this.#unknowable++;
        continue;
      }
      const since = `the swap had been answered ${Math.round(arrivedAt - told)} ms before`;
      this.#violation('clash', imsi, `number ${number} was sent while ${other} had it; ${since}`, other);
    }
  }

  /** When the last of the swaps that took the number from one SIM to the other was answered; null when one was not. */
  #swapsToldAt(sims: readonly string[], one: string, other: string): number | null {
    const [from, to] = [sims.indexOf(one), sims.indexOf(other)].sort((a, b) => a - b) as [number, number];
    const times = sims.slice(from, to).map((sim) => this.#toldAt(this.#life.releasedBy.get(sim) ?? ''));
    return times.includes(undefined) ? null : Math.max(...(times as number[]));
  }

  #violation(kind: Violation['kind'], imsi: string, message: string, holder?: string): void {
    this.violations.push({ kind, imsi, atMs: this.#now(), message, ...(holder && { holder }) });
  }

  #now(): number {
    return Math.round(performance.now() - this.#began);
  }
}
