import type { Clock } from '../../ports/runtime.ts';
import { networkOf } from './network.ts';

/** Wrong tokens are told together for so long, in milliseconds. */
const WINDOW_MS = 3_600_000;
/** Networks told one by one within that time. The audit gets two entries of each at most, and one of all others. */
const MOST_TOLD = 20;

/**
 * Wrong tokens, for the audit: the first of an address at once, how many more came from it when the hour is over. So the
 * audit says that somebody guesses, and how much, but he cannot fill it. Every single one is in the log and in the metrics.
 */
export class RefusedSignIns {
  readonly #clock: Clock;
  readonly #keep: (detail: string) => Promise<void>;
  #told = new Map<string, { readonly address: string; more: number }>();
  #others = 0;
  #cancel: (() => void) | null = null;

  /** @param parts.keep writes an entry; must not fail. */
  constructor(parts: { clock: Clock; keep: (detail: string) => Promise<void> }) {
    this.#clock = parts.clock;
    this.#keep = parts.keep;
  }

  /** A wrong token came. */
  async count(address: string): Promise<void> {
    this.#cancel ??= this.#clock.after(WINDOW_MS, () => void this.tell());
    const network = networkOf(address);
    const known = this.#told.get(network);
    if (known) known.more++;
    else if (this.#told.size >= MOST_TOLD) this.#others++;
    else {
      this.#told.set(network, { address, more: 0 });
      await this.#keep(address);
    }
  }

  /** Tells what is not told yet, and begins anew: when the hour is over, and when the connector stops. */
  async tell(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const more = [...this.#told.values()].filter((one) => one.more > 0);
    const entries = more.map((one) => `${one.address}: ${one.more} more within an hour`);
    if (this.#others > 0) entries.push(`other addresses: ${this.#others} within an hour`);
    this.#told = new Map();
    this.#others = 0;
    for (const entry of entries) await this.#keep(entry);
  }
}
