import type { Clock } from '../ports/runtime.ts';

/** The pauses of a loop that can be told to hurry, or to end. */
export class Rest {
  readonly #clock: Clock;
  #wake: (() => void) | null = null;
  #nudges = 0;
  #stopping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** How often something came in so far. */
  get nudges(): number {
    return this.#nudges;
  }

  nudge(): void {
    this.#nudges++;
    this.#wake?.();
  }

  stop(): void {
    this.#stopping = true;
    this.#wake?.();
  }

  /** @param nudges heard of so far: one more ends the pause; none does when absent. Stopping always does. */
  async pause(ms: number, nudges?: number): Promise<void> {
    const over = () => this.#stopping || (nudges !== undefined && this.#nudges !== nudges);
    if (ms <= 0 || over()) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#wake = () => {
        if (!over()) return;
        cancel();
        resolve();
      };
    });
    this.#wake = null;
  }
}
