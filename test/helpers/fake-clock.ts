import type { Clock } from '../../src/ports/runtime.ts';

/** A clock that moves when told to; what was due is called in order. */
export class FakeClock implements Clock {
  #now = 0;
  #set = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return 1_800_000_000_000 + this.#now + this.#set;
  }

  /** Somebody sets the wall clock by `ms`; a machine that slept for so long looks the same. */
  setBy(ms: number): void {
    this.#set += ms;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Moves on by `ms`, letting promises settle after every timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets everything that can go on without time go on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
