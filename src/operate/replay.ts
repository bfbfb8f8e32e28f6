import type { Done, Preview } from '../contract/admin.ts';
import type { Rules } from '../core/types.ts';
import { effectsOnly, type Store, type StoredEvent } from '../ports/store.ts';
import type { Desk } from './desk.ts';
import { requestView, walk } from './explain.ts';
import { Rehearsal, replayOf, superseded } from './rehearsal.ts';
import type { Result } from './result.ts';

/** Asks for an event of the journal to be delivered again, as today's rules have it. */
export async function askReplay(store: Store, rules: Rules, event: StoredEvent): Promise<Result> {
  const again = replayOf(event, rules);
  if ('result' in again) return again.result;
  if ('record' in again) return await askToRecord(store, event);
  const taken = await store.write(effectsOnly(...again.effects));
  if (taken.includes(true)) return { subject: event.eventId, status: 'asked' };
  const [{ state }] = again.decision.changes;
  return superseded(event.eventId, await store.views.subscriber(state.imsi));
}

/** The connector's recorder finds it by itself. */
async function askToRecord({ outbox }: Store, { eventId: subject }: StoredEvent): Promise<Result> {
  if (!outbox) return { subject, status: 'failed', why: 'this store cannot serve a target that records events' };
  await outbox.conclude([{ eventId: subject, state: 'queued', why: null }], null);
  return { subject, status: 'asked' };
}

/** What would be sent if an event were replayed now, or why nothing would. */
export async function previewReplay(event: StoredEvent, { views, rules, previewer }: Desk): Promise<Preview> {
  const again = replayOf(event, rules);
  if ('result' in again) return { requests: [], why: `${again.result.status}: ${again.result.why ?? ''}` };
  const obstacle = await new Rehearsal(views).play(event.eventId, again);
  if (obstacle) return { requests: [], why: `${obstacle.status}: ${obstacle.why ?? ''}` };
  const { requests } = walk(event.body, rules, await previewer());
  return { requests: requests.map(requestView), why: null };
}

/** Replays an event, as the admin API tells it. */
export async function replay({ store, rules }: Desk, event: StoredEvent): Promise<Done> {
  const { status, why } = await askReplay(store, rules, event);
  if (status === 'asked') return { asked: 1, skipped: 0, why: null };
  return { asked: 0, skipped: 1, why: `${status}: ${why ?? ''}` };
}
