import type { FastifyRequest } from 'fastify';
import type { StoredEvent } from '../../ports/store.ts';
import { isOverTls } from '../over-tls.ts';

/**
 * A command for a shell that posts an event again, as NSPS did. Holds no token: the shell fills it in.
 * @param body the event, perhaps masked.
 */
export function curlOf(request: FastifyRequest, eventPath: string, body: string, event: StoredEvent): string {
  const ids = [
    ['x-b3-traceid', event.requestId],
    ['x-request-id', event.uniqueId],
  ].map(([name, id]) => `-H ${quoted(`${name}: ${id}`)}`);
  return [
    `curl -sS ${quoted(baseUrl(request) + eventPath)}`,
    `-H "Authorization: Bearer $API_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    ...ids,
    `--data-binary ${quoted(body)}`,
  ].join(' \\\n  ');
}

/** Where the operator reached us, if that can stand in a URL. */
function baseUrl(request: FastifyRequest): string {
  const named = request.headers.host ?? '';
  const host = /^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$/i.exec(named)?.[0] ?? 'localhost';
  return `${isOverTls(request) ? 'https' : 'http'}://${host}`;
}

/** Nothing is special between single quotes but their end. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
