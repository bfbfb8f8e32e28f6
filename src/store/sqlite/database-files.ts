import { accessSync, constants, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../ports/store.ts';
import type { EngineOptions } from './engine.ts';
import { whyLogAlone } from './log-alone.ts';
import { placeOf, refuseDevices } from './private-file.ts';

/**
 * SQLite goes on with a file that was deleted or moved away, and all that is written is gone with the process (G3). Once it is
 * back in its place, it is as it was. What is not in the database yet is in the log beside it. A command is over too soon for
 * that.
 * @returns a check; it throws a StoreError when one of them is another one by then.
 */
export function sameFiles({ file, role }: Pick<EngineOptions, 'file' | 'role'>): () => void {
  if (role !== 'owner' || file === ':memory:') return () => {};
  const isDatabase = sameFile(file);
  const isLog = sameFile(`${placeOf(file)}-wal`);
  return () => {
    isDatabase('the open database');
    isLog('the "-wal" file of the open database');
  };
}

/** @returns a check of whether a path leads to the file that it leads to now; a path that leads to none is not looked at. */
function sameFile(path: string): (what: string) => void {
  const opened = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!opened) return () => {};
  return (what) => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found?.dev === opened.dev && found.ino === opened.ino) return;
    const fate = found ? `another file was put in place of ${what}` : `${what} was taken away`;
    throw new StoreError(`${fate}: put it back, or stop the connector and see "A lost store" in the runbook`);
  };
}

/** @throws StoreError where the first look at the database would be the end of its log. */
export function refuseLogAlone(file: string): void {
  const why = file === ':memory:' ? null : whyLogAlone(file);
  if (why !== null) throw new StoreError(why, { passing: false });
}

/** A command works on what a connector keeps; an empty file of its own would only hide a slip of the pen. */
export function requireFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw new StoreError('it is a folder: name the file in it', { passing: false });
  if (!found)
    throw new StoreError('there is no such file; a connector makes it at its first start', { passing: false });
  refuseDevices(file);
  // SQLite would only say that it cannot be opened.
  accessSync(file, constants.R_OK);
}

/** A lock that the system takes away when this process dies, however it dies. */
export function takeLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(`${file}-lock`);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new StoreError(
      'another connector is running on this file: give each its own, or use postgres:// for several instances',
      { passing: false },
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
