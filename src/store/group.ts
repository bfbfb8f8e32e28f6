import { type CarryOut, carryOutAll, type Waiting } from './carry-out.ts';

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
  readonly #carryOut: CarryOut<Q, R>;
  readonly #limits: Required<GroupLimits<Q>>;
  #waiting: Waiting<Q, R>[] = [];
  #busy = false;

  constructor(carryOut: CarryOut<Q, R>, limits: GroupLimits<Q> = {}) {
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
      await carryOutAll(group, this.#carryOut);
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
