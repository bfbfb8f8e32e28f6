interface Waiting<Q, R> {
  readonly request: Q;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Whatever is asked in one turn of the loop goes out together: for a message of its own, most of it is too small. */
export class Turn<Q, R> {
  readonly #carryOut: (requests: readonly Q[]) => Promise<readonly R[]>;
  #waiting: Waiting<Q, R>[] = [];

  /** @param carryOut gives one result for each request, in their order. */
  constructor(carryOut: (requests: readonly Q[]) => Promise<readonly R[]>) {
    this.#carryOut = carryOut;
  }

  ask(request: Q): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    const turn = this.#waiting;
    this.#waiting = [];
    try {
      const results = await this.#carryOut(turn.map(({ request }) => request));
      for (const [index, { resolve }] of turn.entries()) resolve(results[index] as R);
    } catch (error) {
      for (const { reject } of turn) reject(error);
    }
  }
}
