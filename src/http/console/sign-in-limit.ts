import { isIPv6 } from 'node:net';
import type { Clock } from '../../ports/runtime.ts';

/** Wrong tokens taken within a minute: from one address (of IPv6 one network), and from all of them. */
const MOST_EACH = 5;
const MOST_IN_ALL = 100;
const WINDOW_MS = 60_000;

interface Window {
  wrong: number;
  /** On the clock's `now()`. */
  readonly until: number;
}

/**
 * Slows down guessing. Remembers no more addresses than it takes wrong tokens in all. Behind a proxy all come from one
 * address, and share its few tries.
 */
export class SignInLimit {
  readonly #clock: Clock;
  readonly #addresses = new Map<string, Window>();
  #all: Window;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = { wrong: 0, until: clock.now() + WINDOW_MS };
  }

  /** @returns in how many milliseconds this address may try again; 0 when it may now. */
  wait(address: string): number {
    this.#forget();
    const now = this.#clock.now();
    const own = this.#addresses.get(networkOf(address));
    if (own && own.wrong >= MOST_EACH) return own.until - now;
    return this.#all.wrong >= MOST_IN_ALL ? this.#all.until - now : 0;
  }

  /** A wrong token came. */
  wrong(address: string): void {
    this.#forget();
    const network = networkOf(address);
    const own = this.#addresses.get(network) ?? { wrong: 0, until: this.#clock.now() + WINDOW_MS };
    own.wrong++;
    this.#all.wrong++;
    this.#addresses.set(network, own);
  }

  #forget(): void {
    const now = this.#clock.now();
    if (now >= this.#all.until) this.#all = { wrong: 0, until: now + WINDOW_MS };
    // In the order in which they began.
    for (const [address, { until }] of this.#addresses) {
      if (until > now) return;
      this.#addresses.delete(address);
    }
  }
}

/** A host of IPv6 has all of its network's addresses (64 bits of prefix): it must not have as many tries. */
function networkOf(address: string): string {
  // Addresses of IPv4 that are written so are single hosts.
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  return [...groups, ...Array<string>(zeros).fill('0'), ...(tail?.split(':') ?? [])].slice(0, 4).join(':');
}
