import type { Clock } from '../ports/runtime.ts';

/** Whether new events are taken, and how many are under way. */
export class Lifecycle {
  #stopping = false;
  #underWay = 0;
  #whenIdle: (() => void) | null = null;

  get stopping(): boolean {
    return this.#stopping;
  }

  get underWay(): number {
    return this.#underWay;
  }

  enter(): void {
    this.#underWay++;
  }

  leave(): void {
    this.#underWay--;
    if (this.#underWay === 0) this.#whenIdle?.();
  }

  /**
   * Takes no more events, and waits for those under way.
   * @returns whether all of them ended within `timeoutMs`.
   */
  async drain(timeoutMs: number, clock: Clock): Promise<boolean> {
    this.#stopping = true;
    if (this.#underWay === 0) return true;
    return await new Promise((resolve) => {
      const cancel = clock.after(timeoutMs, () => resolve(false));
      this.#whenIdle = () => {
        cancel();
        resolve(true);
      };
    });
  }
}
