import { LONGEST_RETRY_AFTER_MS } from '../core/outcome.ts';

/** `Thu, 15 Jan 2026 10:01:00 GMT`: the one date form that is sent today (RFC 9110 §5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header: seconds or an HTTP date (RFC 9110 §10.2.3).
 * @param wallMs wall-clock now.
 * @returns milliseconds from now, or undefined when absent or unreadable.
 */
export function readRetryAfter(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text)
    ? Number(text) * 1000
    : HTTP_DATE.test(text)
      ? Date.parse(text) - wallMs
      : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ms));
}
