import { closeSync, constants, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import type { EngineOptions } from './engine.ts';

/**
 * Commands beside the connector (guests) write to its database, and what it remembers of subscribers may be wrong from then
 * on. `PRAGMA data_version` tells the thread that writes, but the main thread answers from its memory without asking that. So
 * a guest makes this file longer by a byte under the lock of each of its transactions, before it commits, and the connector
 * looks at the length (`Mark`) whenever it is about to answer from memory.
 *
 * The connector's own transactions read the length under the same lock, when no guest is between its byte and its commit:
 * with such a mark, everything that guests committed goes along with it, and whatever they commit later makes the file
 * longer first. So as long as the file is as long as the connector's last transaction found it, nobody else has committed
 * since that transaction, and what was read or written since holds. Between a guest's byte and the next transaction of the
 * connector everything is read from the database; what was remembered of that is forgotten with the new mark, since it may
 * have been read before the commit. A guest that dies between its byte and its commit leaves nothing but a longer file.
 */
export type Mark = number | null;

function guestBook(database: string): string {
  return `${database}-guests`;
}

/** Only the one connector of the file may, and before it remembers anything. @throws when the file cannot be made. */
export function beginGuestBook(database: string): void {
  writeFileSync(guestBook(database), '', { mode: 0o600 });
}

/**
 * For a guest, under the lock and before it commits. Without a file no connector has begun one: one that starts now waits
 * for the lock before it remembers anything.
 * @throws when the file cannot be made longer: then the guest must not commit.
 */
export function signGuestBook(database: string): void {
  const handle = openBook(database);
  if (handle === null) return;
  try {
    writeSync(handle, '.');
  } finally {
    closeSync(handle);
  }
}

function openBook(database: string): number | null {
  try {
    return openSync(guestBook(database), constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * How to look at the mark; null whenever it says nothing, and nothing remembered may be used: for a guest, whom the connector
 * does not tell what it writes, and when somebody took the file away. A database in memory has no guests.
 */
export function guestMark({ file, role }: Pick<EngineOptions, 'file' | 'role'>): () => Mark {
  if (file === ':memory:') return () => 0;
  if (role !== 'owner') return () => null;
  const book = guestBook(file);
  return () => lengthOf(book);
}

function lengthOf(file: string): Mark {
  try {
    return statSync(file).size;
  } catch {
    return null;
  }
}
