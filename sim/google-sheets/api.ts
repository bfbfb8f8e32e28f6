import type { FastifyReply, FastifyRequest } from 'fastify';
import { transposed } from './grid.ts';

/** Calls of the Sheets API as they are asked, and answers as it words them. */

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** What a call of the API asks for. */
export interface Wish {
  readonly id: string;
  readonly what: 'spreadsheet' | 'read' | 'update' | 'append';
  readonly range: string;
}

export const UNAUTHENTICATED =
  'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.';

export const FORBIDDEN = 'The caller does not have permission';

const STATUS_NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

export function failure(code: number, message: string): Answer {
  return { status: code, body: { error: { code, message, status: STATUS_NAMES[code] ?? 'UNKNOWN' } } };
}

export function quotaWords(kind: 'Read' | 'Write'): string {
  return (
    `Quota exceeded for quota metric '${kind} requests' and limit '${kind} requests per minute per user' of service ` +
    "'sheets.googleapis.com' for consumer 'project_number:100000000000'."
  );
}

export function send(reply: FastifyReply, { status, body }: Answer): void {
  reply.code(status).header('content-type', 'application/json; charset=UTF-8').send(JSON.stringify(body));
}

export function wishOf(request: FastifyRequest): Wish | null {
  const rest = (request.params as { '*': string })['*'];
  const [, id = '', range] = /^([^/]+)(?:\/values\/(.+))?$/.exec(rest) ?? [];
  if (id === '') return null;
  if (range === undefined) return request.method === 'GET' ? { id, what: 'spreadsheet', range: '' } : null;
  if (request.method === 'GET') return { id, what: 'read', range };
  if (request.method === 'PUT') return { id, what: 'update', range };
  return range.endsWith(':append') ? { id, what: 'append', range: range.slice(0, -':append'.length) } : null;
}

/** `values` is left out when there are none. */
export function readAnswer(rows: string[][], range: string, dimension = 'ROWS'): object {
  const values = dimension === 'COLUMNS' ? transposed(rows) : rows;
  return { range, majorDimension: dimension, ...(values.length > 0 && { values }) };
}
