import { rulesOf } from '../config/rules.ts';
import { newest, type Subscriber } from '../core/subscriber.ts';
import type { Rules } from '../core/types.ts';
import { namedText, noteCommand } from '../operate/audit.ts';
import { Rehearsal, replayOf } from '../operate/rehearsal.ts';
import { askReplay } from '../operate/replay.ts';
import type { Result } from '../operate/result.ts';
import { subscriberPages } from '../operate/subscriber-pages.ts';
import type { EventFilter, Store, StoredEvent, Views } from '../ports/store.ts';
import { type Command, type CommandLine, UsageError } from './command.ts';
import { FILTER_OPTIONS, filterOf, walkEvents } from './event-query.ts';
import { isRemote, PLACE_OPTIONS } from './remote-option.ts';
import { bring, planned } from './resync.ts';
import { NOT_MASKED, STORE_EXITS, withStore } from './store-access.ts';
import { type Look, lastCallFor, lookAtEvent, Patience, WAIT_OPTIONS, waitFor } from './waiting.ts';
import { WorkReport } from './work-report.ts';

export const command: Command = {
  name: 'replay',
  synopsis: '<event-id>...|--dead|--imsi|--since|--until|--state',
  about:
    "Delivers events of the journal again: each is decided anew by today's settings, and the running connector sends what\n" +
    'is still the newest for its subscriber. What something newer has overtaken is not sent. --dead takes all dead letters\n' +
    'and revives their subscribers; the other options can be combined to choose events.\n' +
    'With --url: ids or --dead.\n' +
    NOT_MASKED,
  options: {
    dead: { type: 'boolean', help: 'All dead letters.' },
    ...FILTER_OPTIONS,
    'dry-run': { type: 'boolean', help: 'Say what would be done; ask for nothing.' },
    ...WAIT_OPTIONS,
    json: { type: 'boolean', help: 'Print the report as JSON.' },
    ...PLACE_OPTIONS,
  },
  exits: { 1: 'something was not done, or not in time', ...STORE_EXITS },
  positionals: [0, 10_000],
  run: replay,
};

/** Which events. */
type Choice = { readonly ids: readonly string[] } | { readonly filter: Omit<EventFilter, 'limit'>; dead: boolean };

/** Events read and asked for at a time: one may be a megabyte. */
const BATCH = 50;

async function replay(line: CommandLine): Promise<number> {
  const choice = choiceOf(line);
  const patience = Patience.of(line);
  if (isRemote(line, ...Object.keys(FILTER_OPTIONS))) return await askConnector(line, choice, patience);
  return await withStore(line, async (store, { settings }) => {
    // It takes a while to find many: that is seen, too.
    const report = new WorkReport('event', null);
    const ids = await idsOf(choice, store.views);
    const lost = 'dead' in choice && choice.dead ? await otherDead(ids, store.views) : [];
    report.expect(ids.length + lost.length);
    const tell = (result: Result) => report.add(result);
    const begin = (count: number) => report.begin(count);
    const work = { ids, lost, store, rules: rulesOf(settings), tell, begin };
    if (line.flags['dry-run']) await rehearse(work);
    else {
      await noteCommand(store, { what: 'replay', ...subjectOf(choice, ids, lost) });
      await carryOut(work, line.flags['no-wait'] ? null : patience);
    }
    return report.finish(line);
  });
}

/** What the audit keeps of the work: "all" is another thing tomorrow. */
function subjectOf(choice: Choice, ids: readonly string[], lost: readonly Subscriber[]) {
  if (!('dead' in choice && choice.dead)) {
    if (ids.length === 0) return { subject: 'events by a choice', detail: 'there were none' };
    return { subject: namedText(ids, 'events'), detail: null };
  }
  const letters = [...ids, ...lost.map(({ imsi }) => imsi)];
  return {
    subject: 'all dead letters',
    detail: letters.length === 0 ? 'there were none' : namedText(letters, 'dead letters'),
  };
}

/** Only the store can be asked for events by a choice: that was refused before. */
async function askConnector(line: CommandLine, choice: Choice, patience: Patience): Promise<number> {
  if ('ids' in choice) return await (await import('./remote/again.ts')).remoteReplay(line, choice.ids, patience);
  return await (await import('./remote/letters.ts')).remoteReplayDead(line, patience);
}

interface Work {
  /** In the order in which they came. */
  readonly ids: readonly string[];
  /** Dead subscribers that none of these events is about. */
  readonly lost: readonly Subscriber[];
  readonly store: Store;
  readonly rules: Rules;
  readonly tell: (result: Result) => void;
  /** Hears how many more were looked at, or asked for, though nothing can be told of them yet. */
  readonly begin: (count: number) => void;
}

/** @throws UsageError when the command line does not say which events. */
function choiceOf(line: CommandLine): Choice {
  const { positionals, values, flags } = line;
  const filters = Object.keys(FILTER_OPTIONS).filter((name) => values[name] !== undefined);
  const ways = [positionals.length > 0, flags['dead'] === true, filters.length > 0].filter(Boolean).length;
  if (ways === 0)
    throw new UsageError('say which events: ids, --dead, or a choice by --imsi, --since, --until, --state');
  if (ways > 1)
    throw new UsageError('ids, --dead and a choice by --imsi, --since, --until, --state exclude each other');
  if (positionals.length > 0) return { ids: [...new Set(positionals)] };
  return flags['dead'] ? { filter: { state: 'dead' }, dead: true } : { filter: filterOf(line), dead: false };
}

/** Events that came in order get into the journal in order: where versions do not tell, the last one wins. */
async function idsOf(choice: Choice, views: Views): Promise<string[]> {
  if ('filter' in choice) {
    const ids: string[] = [];
    for await (const page of walkEvents(views, choice.filter)) ids.push(...page.map(({ eventId }) => eventId));
    return ids.reverse();
  }
  const found: { id: string; seq: number }[] = [];
  for (const id of choice.ids) found.push({ id, seq: (await views.event(id))?.seq ?? Number.POSITIVE_INFINITY });
  return found.sort((a, b) => (a.seq === b.seq ? 0 : a.seq - b.seq)).map(({ id }) => id);
}

/** A subscriber can be given up over an event whose own state is another one by now. */
async function otherDead(ids: readonly string[], views: Views): Promise<Subscriber[]> {
  const known = new Set(ids);
  const lost: Subscriber[] = [];
  for await (const page of subscriberPages(BATCH, (place) => views.subscribers({ dead: true, ...place }))) {
    lost.push(...page.filter((subscriber) => !known.has(newest(subscriber)?.eventId ?? '')));
  }
  return lost;
}

async function* eventsOf({ ids, store, tell, begin }: Work): AsyncGenerator<readonly StoredEvent[]> {
  for (let at = 0; at < ids.length; at += BATCH) {
    const events: StoredEvent[] = [];
    for (const id of ids.slice(at, at + BATCH)) {
      const event = await store.views.event(id);
      if (event) events.push(event);
      else tell({ subject: id, status: 'unknown', why: 'there is no such event in the journal' });
    }
    yield events;
    begin(events.length);
  }
}

async function rehearse(work: Work): Promise<void> {
  const rehearsal = new Rehearsal(work.store.views);
  for await (const events of eventsOf(work)) {
    for (const event of events) {
      const again = replayOf(event, work.rules);
      const result = 'result' in again ? again.result : await rehearsal.play(event.eventId, again);
      if (result) work.tell(result);
    }
  }
  for (const result of rehearsal.results()) work.tell(result);
  for (const subscriber of work.lost) work.tell(planned(subscriber, null));
}

/** @param patience null when nobody waits. */
async function carryOut(work: Work, patience: Patience | null): Promise<void> {
  const looks: Look[] = [];
  for await (const events of eventsOf(work)) {
    // Asked together and in order: the store takes them as one, and nobody sends what the next one overtakes.
    const asked = await Promise.all(events.map((event) => askReplay(work.store, work.rules, event)));
    for (const [index, result] of asked.entries()) {
      const { eventId, attempts } = events[index] as StoredEvent;
      if (result.status !== 'asked' || patience === null) work.tell(result);
      else looks.push(lookAtEvent(work.store.views, eventId, lastCallFor({ attempts })));
    }
  }
  await bring(work.lost, work.store, patience, work.tell);
  if (patience) await waitFor(looks, patience, work.tell);
}
