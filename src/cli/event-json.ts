import { nestsDeep } from '../contract/nesting.ts';
import { parseEvent } from '../contract/parse.ts';
import type { Decision } from '../core/types.ts';
import type { StoredEvent } from '../ports/store.ts';

/** An event for scripts; times as ISO 8601. @param raw whether to add the event itself, as NSPS sent it. */
export function eventJson(event: StoredEvent, raw: boolean): Record<string, unknown> {
  const { body, decision, receivedAt, updatedAt, attempts, ...rest } = event;
  return {
    ...rest,
    receivedAt: new Date(receivedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    decision: JSON.parse(decision) as Decision,
    attempts: attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at).toISOString() })),
    ...(raw && { event: bodyValue(body) }),
  };
}

/** The event as an object; as text when it is none that can be read, or nests too deep to be written again. */
function bodyValue(body: Uint8Array): unknown {
  const parsed = parseEvent(body);
  return parsed.kind === 'event' && !nestsDeep(parsed.event) ? parsed.event : Buffer.from(body).toString();
}
