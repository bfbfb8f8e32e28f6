import { wordsOf } from '../core/text.ts';

/** Names of the settings that say where to listen. */
interface Names {
  readonly host: string;
  readonly port: string;
}

/** Of commands that are told by options. */
export const LISTEN_OPTIONS: Names = { host: '--host', port: '--port' };

/** Why a port cannot be had, in words. */
export function listenFault(
  error: unknown,
  host: string,
  port: number,
  names: Names = { host: 'HOST', port: 'PORT' },
): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  const where = `${host} port ${port}`;
  if (code === 'EADDRINUSE') return `${where} is in use: stop what listens there, or choose another ${names.port}`;
  if (code === 'EACCES') return `${where} may not be opened by this user: choose a ${names.port} above 1023`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${host} is no address of this machine: check ${names.host}`;
  return `cannot listen on ${where}: ${wordsOf(error)}`;
}
