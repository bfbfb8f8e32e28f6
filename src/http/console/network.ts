import { isIPv6 } from 'node:net';

/**
 * Who counts as one when it comes to guessing: a host of IPv4, or a network of IPv6 (64 bits of prefix). A host of IPv6 has
 * all of its network's addresses, and must not have as many tries.
 */
export function networkOf(address: string): string {
  // Addresses of IPv4 that are written so are single hosts.
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  return [...groups, ...Array<string>(zeros).fill('0'), ...(tail?.split(':') ?? [])].slice(0, 4).join(':');
}
