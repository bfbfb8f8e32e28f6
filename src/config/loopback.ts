/**
 * Whether what is sent to this host stays on this machine.
 * @param host a name or address; IPv6 with brackets, as in `URL.hostname`, or without.
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}
