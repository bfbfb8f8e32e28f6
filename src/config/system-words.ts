import { wordsOf } from '../core/text.ts';

/** What operators call the codes of the system, and of the client that speaks HTTP. */

const FILE_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file',
  EROFS: 'its disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'this user has no room left on the disk',
  EFBIG: 'the file may not become so large',
  EIO: 'the disk does not read or write',
  EEXIST: 'something else has its name',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
};

export const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ENOTFOUND: 'Host name not found',
  EAI_AGAIN: 'Host name lookup failed',
  EHOSTUNREACH: 'Host unreachable',
  ENETUNREACH: 'Network unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'Connection timeout',
  ETIMEDOUT: 'Connection timeout',
  ECONNRESET: 'Connection reset',
  EPIPE: 'Connection reset',
  UND_ERR_SOCKET: 'Connection reset',
  UND_ERR_HEADERS_TIMEOUT: 'No answer came in time',
  UND_ERR_BODY_TIMEOUT: 'The answer did not come to its end in time',
  ERR_SSL_WRONG_VERSION_NUMBER: 'No TLS is spoken there: is https:// right?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'No TLS is spoken there: is https:// right?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'Its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'Its certificate is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another host name',
  CERT_HAS_EXPIRED: 'Its certificate has expired',
};

/** Why a file cannot be used. */
export function fileWords(error: unknown): string {
  return codeInWords(error, FILE_WORDS);
}

/** Why somebody cannot be reached, or does not answer. What answers without speaking HTTP is said to. */
export function networkWords(error: unknown): string {
  const parsed = error instanceof Error && error.name === 'HTTPParserError';
  return parsed ? 'What answers there is not HTTP' : codeInWords(error, NETWORK_WORDS);
}

/** A host with several addresses fails with an AggregateError: the first address speaks for all. @returns empty when there is none. */
export function systemCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return systemCode(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The code is told, too: it can be searched for. */
function codeInWords(error: unknown, words: Readonly<Record<string, string>>): string {
  const code = systemCode(error);
  if (code === '') return wordsOf(error);
  return words[code] === undefined ? code : `${words[code]} (${code})`;
}
