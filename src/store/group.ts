interface Waiting<Q, R> {
  readonly request: Q;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Group commit: whatever is asked while one group is being written makes the next group. The busier it gets, the larger
 * the groups, and the less one request costs.
 */
export class Group<Q, R> {
  readonly #carryOut: (requests: readonly Q[]) => Promise<readonly R[]>;
  readonly #most: number;
  #waiting: Waiting<Q, R>[] = [];
  #busy = false;

  /** @param carryOut gets at most `most` requests, and gives one result for each, in their order. */
  constructor(carryOut: (requests: readonly Q[]) => Promise<readonly R[]>, most = 500) {
    this.#carryOut = carryOut;
    this.#most = most;
  }

  ask(request: Q): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      // What comes in with the same turn of the loop goes out with it.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, this.#most);
      this.#waiting = this.#waiting.slice(this.#most);
      try {
        const results = await this.#carryOut(group.map(({ request }) => request));
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as R);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#busy = false;
  }
}
