import type { Result } from '../operate/result.ts';

/** What came of giving up a dead letter, in the words of the report: the same whoever was asked. */
export function discarded({ imsi, done }: { imsi: string; done: boolean }): Result {
  return done ? { subject: imsi, status: 'done' } : noDeadLetter(imsi);
}

/** A dead letter that would be given up. @param why the reason it is one; null when it is none. */
export function toDiscard(imsi: string, why: string | null): Result {
  return why === null ? noDeadLetter(imsi) : { subject: imsi, status: 'planned', why };
}

function noDeadLetter(imsi: string): Result {
  return { subject: imsi, status: 'unknown', why: 'is no dead letter' };
}
