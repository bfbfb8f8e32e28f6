const MINUTE_MS = 60_000;

/** So many requests of a kind in any minute; remembers when they came. */
export class Quota {
  readonly #perMinute: number;
  readonly #times: number[] = [];
  #busiest = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** @returns whether one more is allowed; one that is not counts too, as somebody did send it. */
  take(): boolean {
    const now = performance.now();
    while ((this.#times[0] ?? now) <= now - MINUTE_MS) this.#times.shift();
    this.#times.push(now);
    this.#busiest = Math.max(this.#busiest, this.#times.length);
    return this.#times.length <= this.#perMinute;
  }

  /** The most that ever came within a minute. */
  get busiest(): number {
    return this.#busiest;
  }
}
