interface Waiting<Q, R> {
  readonly request: Q;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Where a group ends; one request makes one at least. */
export interface GroupLimits<Q> {
  /** Requests. */
  readonly most?: number;
  /** Bytes, of requests that have any to speak of. */
  readonly mostBytes?: number;
  bytesOf?(request: Q): number;
}

/**
 * Group commit: whatever is asked while one group is being written makes the next group. The busier it gets, the larger
 * the groups, and the less one request costs.
 */
export class Group<Q, R> {
  readonly #carryOut: (requests: readonly Q[]) => Promise<readonly R[]>;
  readonly #limits: Required<GroupLimits<Q>>;
  #waiting: Waiting<Q, R>[] = [];
  #busy = false;

  /** @param carryOut gives one result for each request, in their order. */
  constructor(carryOut: (requests: readonly Q[]) => Promise<readonly R[]>, limits: GroupLimits<Q> = {}) {
    this.#carryOut = carryOut;
    this.#limits = { ...DEFAULTS, ...limits };
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
      const size = this.#nextSize();
      const group = this.#waiting.slice(0, size);
      this.#waiting = this.#waiting.slice(size);
      try {
        const results = await this.#carryOut(group.map(({ request }) => request));
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as R);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#busy = false;
  }

  #nextSize(): number {
    const { most, mostBytes, bytesOf } = this.#limits;
    let size = 0;
    let bytes = 0;
    for (const { request } of this.#waiting) {
      bytes += bytesOf(request);
      if (size > 0 && (size === most || bytes > mostBytes)) break;
      size++;
    }
    return size;
  }
}

const DEFAULTS = { most: 500, mostBytes: Number.POSITIVE_INFINITY, bytesOf: () => 0 };
