import { Part } from './children.ts';
import type { StoreOrder, StoreReply } from './store.ts';

const FILLING_MS = 600_000;
const CLOSING_MS = 120_000;

/**
 * Fills a store by a process of its own: what filling leaves in its memory is not counted.
 * @param url a file or the URL of a database, as `parts/store.ts` takes it.
 * @returns the time it took, in seconds.
 */
export async function fillStore(url: string, order: Omit<StoreOrder & { what: 'fill' }, 'what'>): Promise<number> {
  const started = performance.now();
  const filler = await Part.start<StoreOrder, StoreReply>('store', { STORE: url });
  try {
    await filler.ask({ what: 'fill', ...order }, FILLING_MS);
    await filler.ask({ what: 'close' }, CLOSING_MS);
  } finally {
    await filler.stop();
  }
  return (performance.now() - started) / 1000;
}
