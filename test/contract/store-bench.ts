import assert from 'node:assert/strict';
import type { Limits } from '../../src/core/subscriber.ts';
import type { Entry, Held, Store } from '../../src/ports/store.ts';
import { until } from '../helpers/polling.ts';
import { entryOf } from '../helpers/subscribers.ts';

/**
 * A fresh, empty database, opened as often as a test likes; closing the bench closes all that was opened, and drops it: what
 * a failed test leaves open, a thread or a connection, would keep its process from ending.
 */
export interface StoreBench extends AsyncDisposable {
  open(limits?: Limits): Promise<Store>;
  /** A store whose claims outlive it: `abandon` leaves them behind as a killed process would. */
  openMortal(limits?: Limits): Promise<{ store: Store; abandon(): Promise<void> }>;
}

/** One that others can write to, too. */
export interface SharedBench extends StoreBench {
  /** Holds up all writes until what it gives is called, or the bench is closed. */
  holdUp(): Promise<() => Promise<void>>;
}

/** Closes a store with the bench that opened it. */
export async function closedWith<S extends Store>(bench: AsyncDisposableStack, opening: Promise<S>): Promise<S> {
  const store = await opening;
  bench.defer(() => store.close());
  return store;
}

export const HOLD_MS = 200;

export function there<T>(value: T | null | undefined): T {
  assert.ok(value !== null && value !== undefined);
  return value;
}

/** Who is due next, as soon as somebody is. */
export async function untilClaimed(store: Store): Promise<readonly Held[]> {
  return await until('somebody is due', async () => {
    const claimed = await store.claimDue(1, 60_000);
    return claimed.length > 0 && claimed;
  });
}

/** A claim of a subscriber, as soon as nobody else holds him. */
export async function untilFree(store: Store, imsi: string): Promise<Held> {
  return await until('he is free', () => store.claim(imsi, null, 60_000));
}

/** Lets `work` use the one store of a fresh database. */
export async function withStore(makeBench: () => Promise<StoreBench>, work: (store: Store) => Promise<void>) {
  await using bench = await makeBench();
  await work(await bench.open());
}

/** The entry of an event that was processed. */
export const told = (n: number, more: Partial<Entry> = {}) => entryOf(n, { state: 'processed', ...more });

export const keep = (store: Store, entry: Entry) => store.write({ entry, story: null, effects: [] });
