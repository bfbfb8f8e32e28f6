import { isUtf8 } from 'node:buffer';
import type { Event } from './event.ts';
import type { Fault } from './fault.ts';
import { WHOLE_BODY } from './schema-faults.ts';
import { faultsOf, isEvent } from './validate.ts';

type Parsed = { readonly kind: 'event'; readonly event: Event } | Invalid;

interface Invalid {
  readonly kind: 'invalid';
  readonly faults: readonly [Fault, ...Fault[]];
  /** What it calls itself, where that can be read. */
  readonly eventId?: string;
}

/** Bytes → event, or what is wrong with them. Never throws, never changes what came. */
export function parseEvent(raw: Uint8Array): Parsed {
  if (raw.length === 0) return invalid('is empty: an event in JSON is expected');
  if (!isUtf8(raw)) return invalid('is not valid UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString());
  } catch (error) {
    return invalid(`is not JSON: ${withoutSnippet((error as Error).message)}`);
  }
  if (isEvent(value)) return { kind: 'event', event: value };
  const eventId = eventIdIn(value);
  const [fault, ...others] = faultsOf(value);
  const parsed: Invalid = fault
    ? { kind: 'invalid', faults: [fault, ...others] }
    : invalid('is no event: an entry far down a list is not as it should be');
  return eventId === null ? parsed : { ...parsed, eventId };
}

function eventIdIn(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('event_id' in value)) return null;
  return typeof value.event_id === 'string' && value.event_id !== '' ? value.event_id : null;
}

/** V8 quotes the text around a syntax error, which may be anybody's name; the position is enough. */
function withoutSnippet(message: string): string {
  return message.replace(/, (\.\.\.)?".*$/s, '');
}

function invalid(message: string): Invalid {
  return { kind: 'invalid', faults: [{ path: WHOLE_BODY, message }] };
}
