import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TraceIds } from '../ports/runtime.ts';

/** What may stand in a header and a log line as it is; anything else counts as absent. */
const USABLE = /^[\x21-\x7e]{1,200}$/;

/** The ids that NSPS sent, or new ones (contract §2). */
export function traceIds(headers: IncomingHttpHeaders): TraceIds {
  return {
    requestId: usable(headers['x-b3-traceid']) ?? randomTraceId(),
    uniqueId: usable(headers['x-request-id']) ?? randomUUID(),
  };
}

/** Ids for work of our own, which no request asked for. */
export function newIds(): TraceIds {
  return { requestId: randomTraceId(), uniqueId: randomUUID() };
}

/** 16 hex characters. Node draws UUIDs from a reserve; asking for a few random bytes each time costs ten times as much. */
function randomTraceId(): string {
  return randomUUID().replaceAll('-', '').slice(16);
}

function usable(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && USABLE.test(header) ? header : null;
}
