import type { TraceIds } from '../ports/runtime.ts';
import type { RequestHeaders } from '../ports/tracer.ts';

/** Where a trace comes from. */
interface Origin {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the span of whoever asks; null when they did not say. */
  readonly parentId: string | null;
  /** Whether the trace is kept; null when they leave it to us. */
  readonly sampled: boolean | null;
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['d', true],
  ['0', false],
  ['false', false],
]);

/**
 * The trace that a request belongs to: B3 in several headers (what NSPS sends), B3 in one, W3C, or a new one by the request's
 * own id. Sources: github.com/openzipkin/b3-propagation, w3.org/TR/trace-context.
 */
export function originOf(headers: RequestHeaders, ids: TraceIds): Origin {
  const found = severalB3(headers) ?? singleB3(text(headers['b3'])) ?? traceparent(text(headers['traceparent']));
  if (found) return found;
  return { traceId: traceIdOf(ids.requestId), parentId: null, sampled: samplingOf(headers) };
}

/** A trace's id for an id of ours; one that is no B3 id gives a new one. */
export function traceIdOf(requestId: string): string {
  return traceId(requestId) ?? crypto.randomUUID().replaceAll('-', '');
}

/** What the next system needs to go on, in W3C's words, and in B3's where the id it is given anyway is this trace's. */
export function headersFor(
  span: { readonly traceId: string; readonly spanId: string; readonly sampled: boolean },
  { requestId }: TraceIds,
): Record<string, string> {
  const w3c = { traceparent: `00-${span.traceId}-${span.spanId}-${span.sampled ? '01' : '00'}` };
  if (traceId(requestId) !== span.traceId) return w3c;
  return { ...w3c, 'x-b3-spanid': span.spanId, 'x-b3-sampled': span.sampled ? '1' : '0' };
}

function severalB3(headers: RequestHeaders): Origin | null {
  const id = traceId(text(headers['x-b3-traceid']));
  if (id === null) return null;
  return { traceId: id, parentId: spanId(text(headers['x-b3-spanid'])), sampled: samplingOf(headers) };
}

/** Debugging (`x-b3-flags: 1`) means keeping. */
function samplingOf(headers: RequestHeaders): boolean | null {
  if (text(headers['x-b3-flags']) === '1') return true;
  const [word = ''] = [text(headers['x-b3-sampled']), text(headers['b3'])].filter((value) => value !== '');
  return WORDS.get(word.toLowerCase()) ?? null;
}

function singleB3(header: string): Origin | null {
  const [id = '', span = '', sampled = ''] = header.split('-');
  const known = traceId(id);
  if (known === null) return null;
  return { traceId: known, parentId: spanId(span), sampled: WORDS.get(sampled.toLowerCase()) ?? null };
}

function traceparent(header: string): Origin | null {
  const [, version, id = '', span = '', flags = ''] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/.exec(header) ?? [];
  const [known, parentId] = [traceId(id), spanId(span)];
  if (version === undefined || version === 'ff' || !known || !parentId) return null;
  return { traceId: known, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** 16 digits are the lower half of 32. */
function traceId(id: string): string | null {
  return /^([\da-f]{16}|[\da-f]{32})$/i.test(id) && /[^0]/.test(id) ? id.toLowerCase().padStart(32, '0') : null;
}

function spanId(id: string): string | null {
  return /^[\da-f]{16}$/i.test(id) && /[^0]/.test(id) ? id.toLowerCase() : null;
}

function text(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header.trim() : '';
}
