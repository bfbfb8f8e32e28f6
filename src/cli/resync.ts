import { newest, type Subscriber } from '../core/subscriber.ts';
import { namedText, noteCommand } from '../operate/audit.ts';
import type { Result } from '../operate/result.ts';
import { askResync, NOTHING_KNOWN } from '../operate/resync.ts';
import { subscriberPages } from '../operate/subscriber-pages.ts';
import { leftOutBy, type Untaken, untakenOf, untakenText } from '../operate/untaken.ts';
import { wantedText } from '../operate/wording.ts';
import type { Store, Views } from '../ports/store.ts';
import { type Command, type CommandLine, UsageError } from './command.ts';
import { imsiOf } from './event-query.ts';
import { isRemote, PLACE_OPTIONS } from './remote-option.ts';
import { NOT_MASKED, STORE_EXITS, withStore } from './store-access.ts';
import { type Look, lookAtSubscriber, Patience, WAIT_OPTIONS, waitFor } from './waiting.ts';
import { WorkReport } from './work-report.ts';

export const command: Command = {
  name: 'resync',
  synopsis: '<imsi>...|--all',
  about:
    "Sends subscribers' newest state to the core again, whatever was confirmed before: after the core lost data or was\n" +
    'changed by hand. The running connector does it, in its order and at its rate; this command asks it and waits.\n' +
    NOT_MASKED,
  options: {
    all: { type: 'boolean', help: 'Every subscriber that is known; not with --url.' },
    'dry-run': { type: 'boolean', help: 'Say what would be sent; ask for nothing.' },
    ...WAIT_OPTIONS,
    json: { type: 'boolean', help: 'Print the report as JSON.' },
    ...PLACE_OPTIONS,
  },
  exits: { 1: 'something was not done, or not in time', ...STORE_EXITS },
  positionals: [0, 10_000],
  run: resync,
};

/** Subscribers asked for at a time: so many are under way at once beside the events that come in. */
const BATCH = 500;

async function resync(line: CommandLine): Promise<number> {
  const imsis = imsisOf(line);
  const patience = Patience.of(line);
  if (isRemote(line, 'all')) return await (await import('./remote/again.ts')).remoteResync(line, imsis ?? [], patience);
  return await withStore(line, async (store) => {
    const report = new WorkReport('subscriber', imsis?.length ?? null);
    const tell = (result: Result) => report.add(result);
    const subject = imsis ? namedText(imsis, 'subscribers') : 'all subscribers';
    if (!line.flags['dry-run']) await noteCommand(store, { what: 'resync', subject, detail: null });
    const bringBatch = bringer(line, store, patience, tell);
    const batches = imsis ? named(imsis, store.views, tell) : everybody(store.views);
    for await (const batch of batches) await bringBatch(batch);
    return report.finish(line);
  });
}

/** What is done with subscribers. */
function bringer({ flags }: CommandLine, store: Store, patience: Patience, tell: (result: Result) => void) {
  return async (batch: readonly Subscriber[]): Promise<void> => {
    if (!flags['dry-run']) return await bring(batch, store, flags['no-wait'] ? null : patience, tell);
    for (const one of batch) tell(planned(one, await untakenOf(one.imsi, one, store.views)));
  };
}

/** @returns null for all. */
function imsisOf({ positionals, flags }: CommandLine): readonly string[] | null {
  if (flags['all'] && positionals.length > 0) throw new UsageError('--all is every subscriber: leave out the IMSIs');
  if (flags['all']) return null;
  if (positionals.length === 0) throw new UsageError('name the IMSIs to send again, or --all');
  return [...new Set(positionals.map((imsi) => imsiOf(imsi, 'an IMSI')))];
}

async function* named(imsis: readonly string[], views: Views, tell: (result: Result) => void) {
  const known: Subscriber[] = [];
  for (const imsi of imsis) {
    const subscriber = await views.subscriber(imsi);
    if (subscriber && newest(subscriber)) known.push(subscriber);
    else tell({ subject: imsi, status: 'unknown', why: NOTHING_KNOWN });
  }
  for (let at = 0; at < known.length; at += BATCH) yield known.slice(at, at + BATCH);
}

async function* everybody(views: Views) {
  for await (const page of subscriberPages(BATCH, (place) => views.subscribers(place))) {
    yield page.filter((subscriber) => newest(subscriber) !== null);
  }
}

/** What would be sent. @param untaken an event of his that was not taken; null when there is none. */
export function planned(subscriber: Subscriber, untaken: Untaken | null): Result {
  const wanted = newest(subscriber);
  const left = leftOutBy(wanted, untaken);
  const words = [...(wanted ? [wantedText(wanted)] : []), ...(left ? [untakenText(left)] : [])].join('; ');
  return { subject: subscriber.imsi, status: 'planned', ...(words !== '' && { why: words }) };
}

/**
 * Asks for subscribers' newest state to be sent again, and waits for it.
 * @param patience null when nobody waits.
 */
export async function bring(
  subscribers: readonly Subscriber[],
  store: Store,
  patience: Patience | null,
  tell: (result: Result) => void,
): Promise<void> {
  const looks: Look[] = [];
  const ask = async (subscriber: Subscriber) => {
    const wanted = newest(subscriber);
    const taken = await askResync(store, subscriber);
    if (!taken || !wanted) tell({ subject: subscriber.imsi, status: 'unknown', why: 'nothing is known to be sent' });
    else if (patience === null) tell({ subject: subscriber.imsi, status: 'asked' });
    else looks.push(lookAtSubscriber(store.views, subscriber, wanted));
  };
  await Promise.all(subscribers.map(ask));
  if (patience) await waitFor(looks, patience, tell);
}
