import pg from 'pg';
import { wordsOf } from '../../core/text.ts';
import { StoreError } from '../../ports/store.ts';

/** What can be wrong with a connection or the server, in an operator's words. By SQLSTATE, or Node's code. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody answers there (connection refused)',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be resolved now',
  ETIMEDOUT: 'the database does not answer in time',
  EHOSTUNREACH: 'the host cannot be reached',
  '28P01': 'the user or the password is wrong',
  '28000': 'the user may not connect',
  '3D000': 'there is no such database',
  '42501': 'the user lacks a right',
  '25006': 'the database cannot be written (read-only)',
  '53100': 'the disk of the database is full',
  '53300': 'the database has too many connections',
  '57P01': 'the connection was ended by the database',
  '57P02': 'the database broke down',
  '57P03': 'the database is starting or stopping',
  '57014': 'the database does not answer in time',
  '25P03': 'the connection was ended by the database',
  '25P04': 'the database does not answer in time',
};

/** What the driver says without a code. */
const SAID: readonly (readonly [said: RegExp, words: string])[] = [
  // By itself, and from its pool.
  [/^timeout expired$|connection timeout$/, 'the database does not answer in time'],
  // Also of a proxy that has no server to pass it on to.
  [
    /^Connection terminated/,
    'the connection was ended without an answer: is it PostgreSQL that listens there, and is it up?',
  ],
  [/^received invalid response/, 'what answers there is not PostgreSQL: check host and port'],
  [
    /error establishing an SSL connection/,
    'what answers there is not PostgreSQL, or not ready for TLS: check host and port',
  ],
  [/does not support SSL/, 'it speaks no TLS: turn that on there, or leave sslmode out of the URL'],
];

/** Rules broken (23), values that cannot be (22), too large (54): it is the request that is at fault, not the database. */
export function isRefusal(error: unknown): boolean {
  return /^(22|23|54)/.test(codeOf(error) ?? '');
}

/**
 * Whether the same may well succeed when it is done once more: a deadlock, a conflict, or (unique_violation) an event that
 * somebody else wrote first.
 */
export function isCollision(error: unknown): boolean {
  return isDeadlock(error) || ['40001', '23505'].includes(codeOf(error) ?? '');
}

/** Whether two waited for each other, and this one was told to give way. */
export function isDeadlock(error: unknown): boolean {
  return codeOf(error) === '40P01';
}

/**
 * Whether it is a server that cannot be written: after a failover, one that was the primary, or never was. It stays so as long
 * as somebody is connected to it.
 */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === '25006';
}

/** Whether the server said so, and the connection is in order. */
export function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(08|57P|25P0[34])/.test(error.code ?? '');
}

/**
 * What went wrong, as the store's own error. The original is not its cause: its details quote names and numbers.
 * @param name of the database, without its password.
 */
export function storeError(error: unknown, name: string): StoreError {
  if (error instanceof StoreError) return new StoreError(`${name}: ${error.message}`, { passing: error.passing });
  const message = wordsOf(error);
  const code = codeOf(error);
  const words = code === null ? SAID.find(([said]) => said.test(message))?.[1] : WORDS[code];
  if (words === undefined) return new StoreError(`${name}: ${message}`);
  return new StoreError(`${name}: ${words}${message === '' ? '' : ` (${message})`}`);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
