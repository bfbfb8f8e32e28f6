import { indented } from '../contract/nesting.ts';
import type { Decision } from '../core/types.ts';
import type { Standing } from '../operate/story.ts';
import { decisionLines } from '../operate/wording.ts';
import type { StoredEvent } from '../ports/store.ts';
import { columns, heading, PlainError } from './command.ts';
import { subscriberRows } from './subscriber-text.ts';
import { timeText } from './times.ts';
import { printable, stateStyled, visible } from './wording.ts';

/** An event and all that is told of it. */
export interface Told {
  readonly event: StoredEvent;
  /** Why, by today's settings. */
  readonly steps: readonly { readonly rule: string; readonly finding: string }[];
  /** What it would mean by today's settings, a line each. */
  readonly today: readonly string[];
  readonly subscribers: readonly Standing[];
}

/** The whole story of an event, for people. */
export function storyText(told: Told): string {
  const { event, subscribers } = told;
  const steps = told.steps.map(({ rule, finding }) => [rule, printable(finding)] as const);
  return [
    heading(`Event ${printable(event.eventId)}`),
    ...columns(aboutRows(event)),
    '',
    heading('Decision'),
    ...decisionText(told),
    ...(steps.length > 0 ? ['', heading("Why, by today's settings"), ...columns(steps)] : []),
    '',
    heading('Calls to the core'),
    ...attemptLines(event),
    ...subscribers.flatMap((subscriber) => [
      '',
      heading(`Subscriber ${subscriber.imsi} now`),
      ...columns(subscriberRows(subscriber)),
    ]),
    '',
    heading('As NSPS sent it'),
    visible(indented(Buffer.from(event.body).toString())),
    '',
  ].join('\n');
}

/** @param anyKnown whether the journal holds any event at all. */
export function unknownEvent(id: string, anyKnown: boolean): PlainError {
  const hint = anyKnown
    ? 'the id must be whole; events older than RETENTION_DAYS are deleted; "nsps-connector events" lists those there are'
    : 'no event has come yet';
  return new PlainError(`there is no event "${printable(id)}" in the journal: ${hint}`);
}

function aboutRows(event: StoredEvent): (readonly [string, string])[] {
  const { state, why } = event;
  return [
    ['type', printable(event.type)],
    ['subscriber', event.imsi ?? 'none'],
    ...(event.previousImsi === null ? [] : [['replaced SIM', event.previousImsi] as const]),
    ['state', `${stateStyled(state)}${why === null ? '' : `: ${printable(why)}`}`],
    ['answer to NSPS', String(event.status)],
    ['received', `${timeText(event.receivedAt)}${times(event.deliveries)}`],
    ['last change', timeText(event.updatedAt)],
    ['x-b3-traceid', printable(event.requestId)],
    ['x-request-id', printable(event.uniqueId)],
  ];
}

function times(deliveries: number): string {
  return deliveries > 1 ? ` first, ${deliveries} times in all (the ids are those of the last)` : '';
}

function decisionText({ event, today }: Told): string[] {
  const lines = decisionLines(JSON.parse(event.decision) as Decision).map(printable);
  const now = today.map(printable);
  const same = lines.join('\n') === now.join('\n');
  return [...lines, ...(same ? [] : ["by today's settings:", ...now])].map((text) => `  ${text}`);
}

function attemptLines({ attempts }: StoredEvent): string[] {
  if (attempts.length === 0) return ['  none'];
  return attempts.map(({ at, imsi, action, result, coreStatus, why, durationMs }) => {
    const said = why === undefined ? '' : `: ${printable(why)}`;
    const status = coreStatus === undefined ? '' : ` ${coreStatus}`;
    return `  ${timeText(at)}  ${imsi} ${action}  ${result}${status}${said}  (${Math.round(durationMs)} ms)`;
  });
}
