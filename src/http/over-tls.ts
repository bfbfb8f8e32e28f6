import type { FastifyRequest } from 'fastify';

/** Whether whoever asks speaks TLS, to us or to the proxy before us (the first one, where there are several). */
export function isOverTls({ headers, protocol }: FastifyRequest): boolean {
  const forwarded = String(headers['x-forwarded-proto'] ?? '').split(',', 1)[0];
  return protocol === 'https' || forwarded?.trim().toLowerCase() === 'https';
}
