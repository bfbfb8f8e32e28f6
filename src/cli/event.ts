import { rulesOf } from '../config/rules.ts';
import type { Decision } from '../core/types.ts';
import { type Story, storyOf } from '../operate/story.ts';
import { decisionLines } from '../operate/wording.ts';
import type { Store, StoredEvent } from '../ports/store.ts';
import { previewer } from '../targets/registry.ts';
import { type Command, type CommandLine, columns, EXIT, heading, PlainError, UsageError } from './command.ts';
import { NOT_MASKED, STORE_EXITS, STORE_OPTION, withStore } from './store-access.ts';
import { subscriberRows } from './subscriber-text.ts';
import { timeText } from './times.ts';
import { eventJson, jsonLine, printable, stateStyled } from './wording.ts';

export const command: Command = {
  name: 'event',
  synopsis: '<event-id>',
  about:
    'Tells the whole story of an event: when it came and how often, what it meant and why, every call to the core and\n' +
    'its answer, what NSPS was told, and how its subscribers stand now. Reads only.\n' +
    NOT_MASKED,
  options: {
    raw: { type: 'boolean', help: 'Print only the event as NSPS sent it, byte by byte.' },
    json: { type: 'boolean', help: 'Print all of it as one JSON object.' },
    store: STORE_OPTION,
  },
  exits: { 1: 'there is no such event', ...STORE_EXITS },
  positionals: [1, 1],
  run: event,
};

async function event(line: CommandLine): Promise<number> {
  const id = line.positionals[0] as string;
  const { raw, json } = line.flags;
  if (raw && json) throw new UsageError('--raw and --json are two ways to print it: choose one');
  return await withStore(line, async (store, config) => {
    const found = await store.views.event(id);
    if (!found) throw await unknownEvent(store, id);
    if (raw) return print(found.body);
    const story = await storyOf(found, store.views, rulesOf(config.settings), await previewer(config));
    return print(json ? jsonLine(storyJson(story)) : readable(story));
  });
}

function print(text: string | Uint8Array): number {
  process.stdout.write(text);
  return EXIT.ok;
}

async function unknownEvent(store: Store, id: string): Promise<PlainError> {
  const [newest] = await store.views.events({ limit: 1 });
  const hint = newest
    ? 'the id must be whole; events older than RETENTION_DAYS are deleted; "nsps-connector events" lists those there are'
    : 'no event has come yet';
  return new PlainError(`there is no event "${printable(id)}" in the journal: ${hint}`);
}

function storyJson({ event, today, subscribers }: Story): unknown {
  const { decision, steps } = today;
  return { ...eventJson(event, true), today: { decision, steps }, subscribers };
}

function readable(story: Story): string {
  const { event, today, subscribers } = story;
  const steps = today.steps.map(({ rule, finding }) => [rule, printable(finding)] as const);
  return [
    heading(`Event ${printable(event.eventId)}`),
    ...columns(aboutRows(event)),
    '',
    heading('Decision'),
    ...decisionText(story),
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
    pretty(event.body),
    '',
  ].join('\n');
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

function decisionText({ event, today }: Story): string[] {
  const lines = decisionLines(JSON.parse(event.decision) as Decision).map(printable);
  const now = decisionLines(today.decision).map(printable);
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

function pretty(body: Uint8Array): string {
  const text = Buffer.from(body).toString();
  try {
    // What JSON leaves as it is may still move a terminal's cursor.
    return JSON.stringify(JSON.parse(text), null, 2).replace(/[\u007f-\u009f]|\p{Cf}/gu, escaped);
  } catch {
    return printable(text);
  }
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
