import type { FastifyReply } from 'fastify';

/** What a page of the console may do: its own scripts, styles and requests, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // What is shown of subscribers must not stay on a disk; files that may be kept say so themselves.
  'cache-control': 'no-store',
} as const;

/** Headers of every answer of the admin API and the console, refusals too. */
export function secure(reply: FastifyReply): void {
  reply.headers(HEADERS);
}

/** The same for an answer on a path of theirs that no route of theirs gives. */
export function secureIfTheirs(path: string, reply: FastifyReply): void {
  if (/^\/(admin|console)(\/|$)/.test(path)) secure(reply);
}
