import { NETWORK_WORDS, systemCode } from '../config/system-words.ts';

/** Why a call fails that is under way, or begins, when its target is closed. */
export const STOPPING = 'the connector is stopping';

/** What a failure to connect is called. */
export function connectWords(error: Error): string {
  const code = systemCode(error);
  if (code === 'UND_ERR_DESTROYED') return STOPPING;
  return NETWORK_WORDS[code] ?? `Connection failed: ${code || error.message}`;
}
