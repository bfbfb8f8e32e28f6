import type { ServerResponse } from 'node:http';

/** Answers that go on for long: streams for pages that look on, and work that is told about while it is done. */
type Kind = 'stream' | 'work';

/** How many of each there may be at a time. */
const MOST: Readonly<Record<Kind, number>> = { stream: 32, work: 8 };
/** How many of them one operator may have: whoever forgets to close his must not keep all others out. */
const MOST_OF_ONE: Readonly<Record<Kind, number>> = { stream: 16, work: 4 };

/** Knows every long answer, so that there are not too many, and all of them end when the connector stops. */
export class Ongoing {
  readonly #open = new Map<AbortController, { readonly kind: Kind; readonly who: string }>();
  #stopping = false;
  #whenNone: (() => void) | null = null;

  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Begins one.
   * @param who the operator: a session, or `token`.
   * @returns a signal that says when to end: its client is gone, or the connector stops. Null when there are too many.
   */
  begin(kind: Kind, who: string, response: ServerResponse): AbortSignal | null {
    const same = [...this.#open.values()].filter((other) => other.kind === kind);
    const own = same.filter((other) => other.who === who);
    if (this.#stopping || same.length >= MOST[kind] || own.length >= MOST_OF_ONE[kind]) return null;
    const controller = new AbortController();
    this.#open.set(controller, { kind, who });
    const end = () => {
      this.#open.delete(controller);
      controller.abort();
      if (this.#open.size === 0) this.#whenNone?.();
    };
    if (response.closed || response.destroyed) end();
    else response.once('close', end);
    return controller.signal;
  }

  /** Ends all of them, and resolves when they have. No more is begun. Idempotent. */
  stop(): Promise<void> {
    this.#stopping = true;
    for (const controller of this.#open.keys()) controller.abort();
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenNone = resolve;
    });
  }
}
