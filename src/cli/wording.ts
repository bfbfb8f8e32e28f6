import { styleText } from 'node:util';
import { parseEvent } from '../contract/parse.ts';
import type { Wanted } from '../core/subscriber.ts';
import type { Change, Decision } from '../core/types.ts';
import type { EventState, StoredEvent } from '../ports/store.ts';

type Style = Parameters<typeof styleText>[0];

const STATE_STYLES: Readonly<Record<EventState, Style>> = {
  processed: 'green',
  queued: 'cyan',
  superseded: 'gray',
  ignored: 'gray',
  rejected: 'yellow',
  failed: 'yellow',
  dead: 'red',
  discarded: 'gray',
};

/** Colours only where a terminal shows them. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** A state in its colour. @param text the state, perhaps padded. */
export function stateStyled(state: EventState, text: string = state): string {
  return styled(STATE_STYLES[state], text);
}

/** Text from outside for a terminal: nothing in it may move the cursor, or write from right to left. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}

/** The state that a change gives a subscriber, in words. */
export function changeText({ action, state }: Change): string {
  const number = state.msisdn ?? 'no number';
  return `${state.imsi}: ${state.status}, ${number}, CS ${state.csProfile}, EPS ${state.epsProfile} (${action})`;
}

/** A state that was wanted, and who wanted it. */
export function wantedText({ change, eventId, version }: Wanted): string {
  const stamps = Object.entries(version).map(([name, stamp]) => `${name} ${stamp}`);
  const of = stamps.length > 0 ? `, ${stamps.join(', ')}` : '';
  return `${changeText(change)}, event ${printable(eventId)}${of}`;
}

/** A decision in words, a line each. */
export function decisionLines(decision: Decision): string[] {
  switch (decision.kind) {
    case 'ignore':
      return [`ignore: ${printable(decision.reason)}`];
    case 'reject':
      return decision.faults.map(({ path, message }) => `reject: ${path} ${printable(message)}`);
    case 'provision':
      return decision.changes.map((change, index) => `${index === 0 ? 'send' : 'then'} ${changeText(change)}`);
  }
}

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

/** The event as an object; as text when it is none that can be read. */
function bodyValue(body: Uint8Array): unknown {
  const parsed = parseEvent(body);
  return parsed.kind === 'event' ? parsed.event : Buffer.from(body).toString();
}

/** One line of JSON. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** `1 event`, `2 events`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
