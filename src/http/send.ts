import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Detail, ErrorCode } from '../contract/answers.ts';
import type { Observer } from '../ports/observer.ts';
import type { Logger } from '../ports/runtime.ts';
import type { Answer, Answers } from './answer.ts';
import { linger } from './raw-answers.ts';
import { traceIds } from './trace.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends an answer as JSON. */
export function send(reply: FastifyReply, answer: Answer): void {
  if (answer.retryAfter !== undefined) reply.header('retry-after', String(answer.retryAfter));
  reply.code(answer.status).header('content-type', JSON_TYPE).send(JSON.stringify(answer.body));
}

/** The same, past fastify's hooks and serializers, of which an event needs none (ADR 13). */
export function sendPlainly(reply: FastifyReply, { status, body, retryAfter }: Answer): void {
  const text = JSON.stringify(body);
  const headers: OutgoingHttpHeaders = { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(text) };
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  reply.raw.writeHead(status, headers).end(text);
  // Only now: until then what goes wrong can still be answered.
  reply.hijack();
}

/** Nothing new is begun while the connector stops, and the connection ends with the answer. */
export function sendStopping(reply: FastifyReply, answers: Answers): void {
  reply.header('connection', 'close');
  send(reply, answers.error('unavailable', { error: 'The connector is stopping' }));
}

/** Answers a request that met a fault of ours: the log has all of it, the answer says where to look. */
export function sendInternal(error: unknown, request: FastifyRequest, reply: FastifyReply, parts: RefusalParts): void {
  const { requestId, uniqueId } = traceIds(request.headers);
  parts.log.error({ request_id: requestId, unique_id: uniqueId, err: error }, 'Internal server error');
  parts.observer?.refused?.({ reason: 'internal', status: 500 });
  send(reply, parts.answers.error('internal', { error: `Internal server error; see the log for ${requestId}` }));
}

interface RefusalParts {
  readonly answers: Answers;
  readonly log: Logger;
  readonly observer?: Observer | null;
}

/** What there is to say beside the table's words. */
export interface RefusalWords {
  readonly error?: string;
  readonly details?: readonly Detail[];
  readonly retryAfterMs?: number;
}

/** Turns a request away before it became an event: one line in the log, and no long upload. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: RefusalParts,
  code: ErrorCode,
  words: RefusalWords = {},
): void {
  const ids = traceIds(request.headers);
  const answer = parts.answers.error(code, words);
  if (answer.status === 401) reply.header('www-authenticate', 'Bearer');
  if (!request.raw.complete) {
    reply.removeHeader('connection');
    linger(request.raw);
  }
  const fields = {
    request_id: ids.requestId,
    unique_id: ids.uniqueId,
    method: request.method,
    path: request.url.split('?', 1)[0]?.slice(0, 200),
    remote: request.ip,
    outcome: 'refused',
    status_code: answer.status,
  };
  parts.log.warn(fields, answer.body.message);
  parts.observer?.refused?.({ reason: code, status: answer.status });
  send(reply, answer);
}
