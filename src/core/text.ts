/** Longest text from outside that is repeated in an answer or a log line. */
const MOST_REPEATED = 200;

/** Cuts a text from outside: whatever comes in, answers and log lines stay short. */
export function clip(text: string, most = MOST_REPEATED): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

/** Words of another system in one line. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** Text that every database takes: no NUL, no half of a surrogate pair. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/**
 * What reasons have in common: IMSIs, numbers and ids (five digits or more) left out, so that a hundred number clashes are
 * one reason. The databases group by the same rule.
 */
export function commonReason(reason: string): string {
  return reason.replace(/[0-9]{5,}/g, '…');
}

/** What an error says, whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
