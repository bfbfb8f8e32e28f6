import { type Chosen, type DeadLetters, deadLettersSchema, type Progress } from '../../contract/admin.ts';
import { MOST_ON_A_PAGE } from '../../contract/admin-routes.ts';
import { newest } from '../../core/subscriber.ts';
import type { Result } from '../../operate/result.ts';
import { wantedText } from '../../operate/wording.ts';
import type { AdminClient } from '../admin-client.ts';
import type { CommandLine } from '../command.ts';
import { discarded, toDiscard } from '../letter-results.ts';
import { type Look, lookAtLetter, lookAtSubscriber, type Patience, waitFor } from '../waiting.ts';
import { WorkReport } from '../work-report.ts';
import { withConnector } from './access.ts';
import { replayAll, replayEach } from './again.ts';
import { remoteOverview, remotePages } from './events.ts';
import { RemoteViews, wantedOf } from './views.ts';

type Letter = DeadLetters['letters'][number];

/** `replay --dead --url`: has all dead letters sent again, at the connector's own rate, and waits as the local command does. */
export async function remoteReplayDead(line: CommandLine, patience: Patience): Promise<number> {
  return await withConnector(line, async (client) => {
    const { records, at } = await remoteOverview(client);
    if (records) return await replayAll(client, line, await deadEvents(client), patience);
    if (line.flags['dry-run']) return await rehearse(client, { all: true }, line, plannedReplay);
    return await replayLetters(client, line, patience, Date.parse(at));
  });
}

/** `discard --url`: gives up dead letters. */
export async function remoteDiscard(line: CommandLine, chosen: Chosen, reason: string): Promise<number> {
  return await withConnector(line, async (client) => {
    if (line.flags['dry-run']) return await rehearse(client, chosen, line, ({ imsi, why }) => toDiscard(imsi, why));
    let report: WorkReport | null = null;
    for await (const { total, results } of client.work('/dead-letters/discard', { chosen, reason })) {
      // The first line says how many there are.
      report ??= new WorkReport('dead letter', total);
      for (const one of results) report.add(discarded(one));
    }
    return (report ?? new WorkReport('dead letter', 0)).finish(line);
  });
}

/** Events that are dead in the journal, newest first. A connector that records events keeps no states: they are all it gave up. */
async function deadEvents(client: AdminClient): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of remotePages(client, { state: 'dead' }, Number.POSITIVE_INFINITY)) {
    ids.push(...page.map(({ eventId }) => eventId));
  }
  return ids;
}

/**
 * All at once, and then looks at each: as its event, when that is dead in the journal, or else as the subscriber. Events that
 * are dead there while something newer counts for their subscriber are tried one by one.
 * @param since when it begins, on the connector's clock, in milliseconds since 1970.
 */
async function replayLetters(client: AdminClient, line: CommandLine, patience: Patience, since: number) {
  const report = new WorkReport('event', null);
  const order = (await deadEvents(client)).reverse();
  const events = new Set(order);
  const dealt: Dealt[] = [];
  // There is one connection: nothing else can be asked before this is answered.
  for await (const { results } of client.work('/dead-letters/replay', { all: true })) {
    dealt.push(...results);
    report.begin(results.length);
  }
  const told = dealt.map((one): Told => ({ ...one, event: events.delete(one.eventId ?? '') ? one.eventId : null }));
  const places = new Map(order.map((eventId, index) => [eventId, index]));
  const placeOf = ({ event }: Told) => places.get(event ?? '') ?? -1;
  told.sort((a, b) => placeOf(a) - placeOf(b));
  report.expect(told.length + events.size);
  const looks = line.flags['no-wait'] ? [] : await looksAt(client, told, since);
  for (const one of told) {
    const subject = one.event ?? one.imsi;
    if (!one.done) report.add({ subject, status: 'unknown', why: 'nothing is known to be sent' });
    else if (line.flags['no-wait']) report.add({ subject, status: 'asked' });
  }
  const tell = (result: Result) => report.add(result);
  await waitFor(looks, patience, tell);
  await replayEach(client, line, [...events], patience, report);
  return report.finish(line);
}

/** A dead letter that was marked. */
type Dealt = Progress['results'][number];

/** The same, and the event as which it is told; null when it is told as its subscriber. */
type Told = Dealt & { readonly event: string | null };

async function looksAt(client: AdminClient, told: readonly Told[], since: number): Promise<Look[]> {
  const views = new RemoteViews(client);
  const looks: Look[] = [];
  for (const { imsi, event, done } of told) {
    if (!done) continue;
    looks.push(event === null ? await lookAtLost(views, imsi) : lookAtLetter(views, { imsi, eventId: event }, since));
  }
  return looks;
}

/** Somebody who was given up over an event whose own state is another one by now. */
async function lookAtLost(views: RemoteViews, imsi: string): Promise<Look> {
  const subscriber = await views.subscriber(imsi);
  const wanted = subscriber && newest(subscriber);
  if (subscriber && wanted) return lookAtSubscriber(views, subscriber, wanted);
  return async () => ({ subject: imsi, status: 'unknown', why: 'it was deleted meanwhile' });
}

async function rehearse(
  client: AdminClient,
  chosen: Chosen,
  line: CommandLine,
  plan: (letter: Letter) => Result,
): Promise<number> {
  const report = new WorkReport('dead letter', chosen.imsis?.length ?? null);
  if (chosen.imsis) {
    const views = new RemoteViews(client);
    for (const imsi of new Set(chosen.imsis)) {
      report.add(toDiscard(imsi, (await views.subscriber(imsi))?.dead ?? null));
    }
  } else for await (const letter of listed(client, chosen.why)) report.add(plan(letter));
  return report.finish(line);
}

async function* listed(client: AdminClient, why: string | undefined): AsyncGenerator<Letter> {
  let after: string | undefined;
  do {
    const page: DeadLetters | null = await client.get(deadLettersSchema, '/dead-letters/list', {
      why,
      after,
      limit: MOST_ON_A_PAGE,
    });
    yield* page?.letters ?? [];
    after = page?.next ?? undefined;
  } while (after !== undefined);
}

function plannedReplay({ imsi, wanted, why }: Letter): Result {
  return { subject: imsi, status: 'planned', why: wanted ? wantedText(wantedOf(wanted)) : why };
}
