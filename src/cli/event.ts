import { rulesOf } from '../config/rules.ts';
import { type Story, storyOf } from '../operate/story.ts';
import { decisionLines } from '../operate/wording.ts';
import { previewer } from '../targets/registry.ts';
import { type Command, type CommandLine, EXIT, UsageError } from './command.ts';
import { eventJson } from './event-json.ts';
import { storyText, type Told, unknownEvent } from './event-text.ts';
import { isRemote, PLACE_OPTIONS } from './remote-option.ts';
import { NOT_MASKED, STORE_EXITS, withStore } from './store-access.ts';
import { jsonLine } from './wording.ts';

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
    ...PLACE_OPTIONS,
  },
  exits: { 1: 'there is no such event', ...STORE_EXITS },
  positionals: [1, 1],
  run: event,
};

async function event(line: CommandLine): Promise<number> {
  const id = line.positionals[0] as string;
  const { raw, json } = line.flags;
  if (raw && json) throw new UsageError('--raw and --json are two ways to print it: choose one');
  if (isRemote(line)) return await (await import('./remote/event.ts')).remoteEvent(line, id);
  return await withStore(line, async (store, config) => {
    const found = await store.views.event(id);
    if (!found) throw unknownEvent(id, (await store.views.events({ limit: 1 })).length > 0);
    if (raw) return print(found.body);
    const story = await storyOf(found, store.views, rulesOf(config.settings), await previewer(config));
    return print(json ? jsonLine(storyJson(story)) : storyText(toldOf(story)));
  });
}

function print(text: string | Uint8Array): number {
  process.stdout.write(text);
  return EXIT.ok;
}

function toldOf({ event, today, subscribers }: Story): Told {
  return { event, steps: today.steps, today: decisionLines(today.decision), subscribers };
}

function storyJson({ event, today, subscribers }: Story): unknown {
  const { decision, steps } = today;
  return { ...eventJson(event, true), today: { decision, steps }, subscribers };
}
