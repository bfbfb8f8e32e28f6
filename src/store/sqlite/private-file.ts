import { closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../../ports/store.ts';

/** @throws StoreError where a pipe is, which opens only once somebody reads it; or a device, or a socket. */
export function refuseDevices(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found || found.isFile() || found.isDirectory()) return;
  throw new StoreError('it is a device, a pipe or a socket: name a file', { passing: false });
}

/**
 * Makes the database's file, and the folders it is to be in, unless they are there. It holds names and numbers: for its
 * owner's eyes only.
 * @throws the system's error, of the first of them that cannot be made; StoreError where something else is than a file.
 */
export function makePrivateFile(file: string): void {
  makeFolder(dirname(file));
  refuseDevices(file);
  closeSync(openSync(file, 'a', 0o600));
}

/**
 * Where the database is, whichever link leads there: what lies beside it, the lock first of all, is one for all who open it, as
 * SQLite's own log is. @throws when there is no such file.
 */
export function placeOf(file: string): string {
  return file === ':memory:' ? file : realpathSync(file);
}

/**
 * Each by itself: asked for all of them at once (`recursive`), Node goes round for ever where no folder can be made (/proc), in
 * a thread that nothing ends then, and says of a disk that is read-only that there is no such folder.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another connector may have been quicker.
    if (!existsSync(folder)) throw error;
  }
}
