import { statSync } from 'node:fs';
import { placeOf } from './private-file.ts';

/**
 * SQLite throws away a log whose database is not there, or empty. What was not in that file yet would be gone, though the file
 * was only moved away and is found again (G3).
 * @returns why the database must not be opened; null when it may.
 */
export function whyLogAlone(file: string): string | null {
  const bytes = bytesOf(file);
  if (bytes !== null && bytes > 0) return null;
  const log = `${bytes === null ? file : placeOf(file)}-wal`;
  if ((bytesOf(log) ?? 0) === 0) return null;
  const state = bytes === null ? 'is not there' : 'is empty';
  return `it ${state}, but its log is there, which has what came last: put the database back beside "${log}", or see "A lost store" in the runbook`;
}

/** Null when there is no such file, or none that can be looked at: why is told where it is opened. */
function bytesOf(file: string): number | null {
  try {
    return statSync(file).size;
  } catch {
    return null;
  }
}
