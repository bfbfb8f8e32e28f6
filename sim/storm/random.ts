/** A seeded source of chance: the same seed gives the same course. */
export class Random {
  #state: number;

  /** @param seed a whole number; only its lower 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 (inclusive) to 1 (mulberry32). */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.whole(0, items.length - 1)] as T;
  }

  /** A UUID of version 4. */
  uuid(): string {
    const hex = Array.from({ length: 8 }, () => this.whole(0, 0xffff).toString(16).padStart(4, '0'));
    const [a, b, c, d, e, f, g, h] = hex as [string, string, string, string, string, string, string, string];
    const variant = this.pick(['8', '9', 'a', 'b']);
    return `${a}${b}-${c}-4${d.slice(1)}-${variant}${e.slice(1)}-${f}${g}${h}`;
  }
}
