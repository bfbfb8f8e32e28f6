import type { Clock } from '../../ports/runtime.ts';
import { networkOf } from './network.ts';

/** Wrong tokens taken from one network within a minute. */
const MOST_EACH = 5;
const WINDOW_MS = 60_000;
/** Networks that are remembered: whoever has more of them is not held up by a few tries of each. */
const MOST_NETWORKS = 10_000;

interface Window {
  wrong: number;
  /** On the clock's `now()`. */
  readonly until: number;
}

/**
 * Slows down guessing, address by address. Nobody else is held up: a token that is random cannot be guessed from many
 * addresses either, and whoever has the right one must get in however many wrong ones come from elsewhere. From the address of
 * the wrong ones not even the right one is taken for the rest of the minute, or it could be told from them as quickly as
 * anybody can ask. Behind a proxy all come from one address, and share its few tries.
 */
export class SignInLimit {
  readonly #clock: Clock;
  /** In the order in which they began. */
  readonly #networks = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns in how many milliseconds this address may try again; 0 when it may now. */
  wait(address: string): number {
    this.#forget();
    const own = this.#networks.get(networkOf(address));
    return own && own.wrong >= MOST_EACH ? own.until - this.#clock.now() : 0;
  }

  /** A wrong token came. */
  wrong(address: string): void {
    this.#forget();
    const network = networkOf(address);
    const own = this.#networks.get(network);
    if (own) own.wrong++;
    else this.#networks.set(network, { wrong: 1, until: this.#clock.now() + WINDOW_MS });
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [network, { until }] of this.#networks) {
      if (until > now && this.#networks.size < MOST_NETWORKS) return;
      this.#networks.delete(network);
    }
  }
}
