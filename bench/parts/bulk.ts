import type { EventValues, JournalRows, SubscriberValues } from './journal-rows.ts';
import type { SizedStore } from './places.ts';
import { progress } from './report.ts';

/** A store that rows are written into past everything that guards it: millions of them in minutes. */
export interface Bulk {
  /** The first block of all. */
  begin(events: readonly EventValues[], subscribers: readonly SubscriberValues[]): Promise<void>;
  /** Adds the block again, as the one with this number. @param k from 0. */
  addBlock(k: number): Promise<void>;
  /** Makes the indexes. Nothing may be added afterwards. */
  finish(): Promise<void>;
  /** Lets go of the store, finished or not. */
  close(): Promise<void>;
}

/** Blocks between two words about how far it got. */
const TOLD_EVERY = 10;

/**
 * Fills an empty store.
 * @param url a file or the URL of a database.
 * @returns the time it took, in seconds.
 */
export async function fillInBulk(store: SizedStore, url: string, rows: JournalRows): Promise<number> {
  const started = performance.now();
  const bulk = await openBulk(store, url, rows);
  try {
    const { block, blockSubscribers, blocks, events } = rows;
    await bulk.begin(
      Array.from({ length: block }, (_, n) => rows.event(n)),
      Array.from({ length: blockSubscribers }, (_, number) => rows.subscriber(number)),
    );
    for (let k = 0; k < blocks; k++) {
      await bulk.addBlock(k);
      if ((k + 1) % TOLD_EVERY === 0) progress(`${store}: ${(k + 1) * block} of ${events} events`);
    }
    if (blocks > TOLD_EVERY) progress(`${store}: indexes`);
    await bulk.finish();
  } finally {
    await bulk.close();
  }
  return (performance.now() - started) / 1000;
}

async function openBulk(store: SizedStore, url: string, rows: JournalRows): Promise<Bulk> {
  if (store === 'sqlite') return (await import('./bulk-sqlite.ts')).bulkSqlite(url, rows);
  return (await import('./bulk-postgres.ts')).bulkPostgres(url, rows);
}
