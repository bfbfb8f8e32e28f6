/** Why a call fails that is under way, or begins, when its target is closed. */
export const STOPPING = 'the connector is stopping';

/** What an operator calls these system errors. */
const CONNECT_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ENOTFOUND: 'Host name not found',
  EAI_AGAIN: 'Host name lookup failed',
  EHOSTUNREACH: 'Host unreachable',
  ENETUNREACH: 'Network unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'Connection timeout',
  ETIMEDOUT: 'Connection timeout',
  ECONNRESET: 'Connection reset',
  UND_ERR_DESTROYED: STOPPING,
};

/** What a failure to connect is called. */
export function connectWords(error: Error): string {
  const code = codeOf(error);
  return CONNECT_WORDS[code] ?? `Connection failed: ${code || error.message}`;
}

/** A host with several addresses fails with an AggregateError: the first address speaks for all. */
export function codeOf(error: Error): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
