import { type Done, doneSchema, type Preview, previewSchema } from '../../contract/admin.ts';
import { newest } from '../../core/subscriber.ts';
import type { Result } from '../../operate/result.ts';
import { NOTHING_KNOWN } from '../../operate/resync.ts';
import type { StoredEvent } from '../../ports/store.ts';
import type { AdminClient } from '../admin-client.ts';
import type { CommandLine } from '../command.ts';
import { type Look, lastCallFor, lookAtEvent, lookAtSubscriber, type Patience, waitFor } from '../waiting.ts';
import { WorkReport } from '../work-report.ts';
import { withConnector } from './access.ts';
import { plannedOf, refusedOf } from './preview.ts';
import { RemoteViews } from './views.ts';

const NO_EVENT = 'there is no such event in the journal';

/** One thing that is to be sent again. */
interface Item {
  readonly subject: string;
  /** Of the admin API: GET tells what would be done, POST does it. */
  readonly path: string;
  /** Looks how it got on. */
  readonly look: Look;
}

/** `resync <imsi>... --url`: asks for each, and waits as the local command does. */
export async function remoteResync(line: CommandLine, imsis: readonly string[], patience: Patience): Promise<number> {
  return await withConnector(line, async (client) => {
    const report = new WorkReport('subscriber', imsis.length);
    const views = new RemoteViews(client);
    const itemOf = async (imsi: string): Promise<Item | null> => {
      const before = await views.subscriber(imsi);
      const wanted = before && newest(before);
      if (!before || !wanted) return null;
      return { subject: imsi, path: `/subscribers/${imsi}/resync`, look: lookAtSubscriber(views, before, wanted) };
    };
    const items: Item[] = [];
    for (const imsi of imsis) {
      const item = await itemOf(imsi);
      if (item) items.push(item);
      else report.add({ subject: imsi, status: 'unknown', why: NOTHING_KNOWN });
    }
    await sendAgain(client, items, line, patience, report);
    return report.finish(line);
  });
}

/** `replay <id>... --url`: asks for each in the order they came, and waits as the local command does. */
export async function remoteReplay(line: CommandLine, ids: readonly string[], patience: Patience): Promise<number> {
  return await withConnector(line, (client) => replayAll(client, line, ids, patience));
}

/** The same with a client at hand. */
export async function replayAll(client: AdminClient, line: CommandLine, ids: readonly string[], patience: Patience) {
  const report = new WorkReport('event', ids.length);
  await replayEach(client, line, ids, patience, report);
  return report.finish(line);
}

/** Replays events one by one, and tells what came of each. */
export async function replayEach(
  client: AdminClient,
  line: CommandLine,
  ids: readonly string[],
  patience: Patience,
  report: WorkReport,
): Promise<void> {
  const views = new RemoteViews(client);
  const found: { seq: number; item: Item }[] = [];
  for (const id of ids) {
    const event = await views.event(id);
    if (event) found.push({ seq: event.seq, item: replayItem(event, views) });
    else report.add({ subject: id, status: 'unknown', why: NO_EVENT });
  }
  // Where versions do not tell, the last one wins.
  const items = found.sort((a, b) => a.seq - b.seq).map(({ item }) => item);
  await sendAgain(client, items, line, patience, report);
}

function replayItem(event: StoredEvent, views: RemoteViews): Item {
  const { eventId } = event;
  const path = `/events/${encodeURIComponent(eventId)}/replay`;
  return { subject: eventId, path, look: lookAtEvent(views, eventId, lastCallFor(event)) };
}

async function sendAgain(
  client: AdminClient,
  items: readonly Item[],
  { flags }: CommandLine,
  patience: Patience,
  report: WorkReport,
): Promise<void> {
  const tell = (result: Result) => report.add(result);
  const looks: Look[] = [];
  for (const { subject, path, look } of items) {
    const preview: Preview | null = flags['dry-run'] ? await client.get(previewSchema, path) : null;
    const done: Done | null = flags['dry-run'] ? null : await client.post(doneSchema, path);
    if (preview) tell(plannedOf(subject, preview));
    else if (done === null) tell({ subject, status: 'unknown', why: 'it was deleted meanwhile' });
    else if (done.asked === 0) tell(refusedOf(subject, done.why ?? ''));
    else if (flags['no-wait']) tell({ subject, status: 'asked' });
    else looks.push(look);
    report.begin(1);
  }
  await waitFor(looks, patience, tell);
}
