interface Waiting<Q, R> {
  readonly request: Q;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Messages under way: one that is worked on, and one that is there when that is done. */
const MOST_UNDER_WAY = 2;

/**
 * Whatever is asked in one turn of the loop goes out together, and with what was asked while two messages were under way:
 * for a message of its own most of it is too small. Two take turns, so that one side works on the one while the other has
 * what came of the other.
 */
export class Turn<Q, R> {
  readonly #carryOut: (requests: readonly Q[]) => Promise<readonly R[]>;
  #waiting: Waiting<Q, R>[] = [];
  #underWay = 0;
  #due = false;

  /** @param carryOut gives one result for each request, in their order. */
  constructor(carryOut: (requests: readonly Q[]) => Promise<readonly R[]>) {
    this.#carryOut = carryOut;
  }

  ask(request: Q): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#due || this.#underWay === MOST_UNDER_WAY || this.#waiting.length === 0) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const turn = this.#waiting;
    this.#waiting = [];
    this.#underWay++;
    try {
      const results = await this.#carryOut(turn.map(({ request }) => request));
      for (const [index, { resolve }] of turn.entries()) resolve(results[index] as R);
    } catch (error) {
      for (const { reject } of turn) reject(error);
    } finally {
      this.#underWay--;
      this.#schedule();
    }
  }
}
