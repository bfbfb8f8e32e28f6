import { fileWords } from '../../config/system-words.ts';
import { wordsOf } from '../../core/text.ts';
import { StoreError } from '../../ports/store.ts';

/** SQLite's primary result codes (sqlite.org/rescode.html), in an operator's words. */
const WORDS: Readonly<Record<number, string>> = {
  5: 'the database is locked by another program',
  8: 'the database cannot be written (read-only)',
  10: 'the disk does not read or write',
  11: 'the database is damaged: restore a copy',
  13: 'the disk is full',
  14: 'the database file cannot be opened',
  26: 'the file is not a database of the connector',
};

const CONSTRAINT = 19;

/** Whether it is the request that is at fault, and not the file: a rule of the database was broken. */
export function isRefusal(error: unknown): boolean {
  return primaryCode(error) === CONSTRAINT;
}

/** What went wrong, as the store's own error. @param file as in the settings. */
export function storeError(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return new StoreError(`${file}: ${error.message}`, { passing: error.passing });
  if (isOfSystem(error))
    return new StoreError(`${error.path ?? file} cannot be used: ${fileWords(error)}`, { cause: error });
  const code = primaryCode(error);
  const message = wordsOf(error);
  const words = code === null ? message : (WORDS[code] ?? message);
  const detail = words === message ? '' : ` (${message})`;
  return new StoreError(`${file}: ${words}${detail}`, { cause: error });
}

/** Not SQLite: a file or folder that is looked at or made beside it, which need not be the database itself. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/** Extended codes carry the primary one in their lowest byte. */
function primaryCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : null;
}
