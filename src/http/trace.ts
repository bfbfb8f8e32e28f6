import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TraceIds } from '../ports/runtime.ts';

/** What may stand in a header and a log line as it is; anything else counts as absent. */
const USABLE = /^[\x21-\x7e]{1,200}$/;

/** The ids that NSPS sent, or new ones (contract §2). */
export function traceIds(headers: IncomingHttpHeaders): TraceIds {
  return {
    requestId: usable(headers['x-b3-traceid']) ?? randomBytes(8).toString('hex'),
    uniqueId: usable(headers['x-request-id']) ?? randomUUID(),
  };
}

function usable(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && USABLE.test(header) ? header : null;
}
