import { setTimeout as delay } from 'node:timers/promises';

/** Far more than anything takes; only a fault gets there. */
const LONGEST_MS = 30_000;
const LOOK_AGAIN_MS = 20;

/** Resolves with what `look` gives once that is true. @param what it is, for whoever reads that it never came. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + LONGEST_MS;
  for (;;) {
    const found = await look();
    if (found) return found as Exclude<T, false | null | undefined>;
    if (performance.now() > end) throw new Error(`this never came: ${what}`);
    await delay(LOOK_AGAIN_MS);
  }
}
