/** Why a port cannot be had, in words. */
export function listenFault(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  const where = `${host} port ${port}`;
  if (code === 'EADDRINUSE') return `${where} is in use: stop what listens there, or choose another PORT`;
  if (code === 'EACCES') return `${where} may not be opened by this user: choose a PORT above 1023`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host} is no address of this machine: check HOST`;
  return `cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`;
}
