import {
  type EventStory,
  type EventSummary,
  eventStorySchema,
  type SubscriberView,
  subscriberSchema,
  type WantedView,
} from '../../contract/admin.ts';
import type { Wanted } from '../../core/subscriber.ts';
import type { Change } from '../../core/types.ts';
import type { Standing } from '../../operate/story.ts';
import type { Attempt, StoredEvent, Views } from '../../ports/store.ts';
import type { AdminClient } from '../admin-client.ts';

/** What the admin API tells, as the store would: the commands say it in the same words either way. */

/** Events and subscribers of a connector that runs elsewhere, one by one. */
export class RemoteViews implements Pick<Views, 'event' | 'subscriber'> {
  readonly #client: AdminClient;

  constructor(client: AdminClient) {
    this.#client = client;
  }

  async event(id: string): Promise<StoredEvent | null> {
    const story = await this.story(id);
    return story && eventOf(story);
  }

  async story(id: string): Promise<EventStory | null> {
    return await this.#client.get(eventStorySchema, `/events/${encodeURIComponent(id)}`);
  }

  async subscriber(imsi: string): Promise<Standing | null> {
    const view = await this.#client.get(subscriberSchema, `/subscribers/${imsi}`);
    return view && subscriberOf(view);
  }
}

/** An event of a list, with its times in milliseconds. */
export function listedOf(summary: EventSummary) {
  const { attempts: _count, ...rest } = summary;
  return { ...rest, receivedAt: Date.parse(summary.receivedAt), updatedAt: Date.parse(summary.updatedAt) };
}

/** An event as a store would give it; its body is masked where the connector masks it (`LOG_PII=mask`). */
export function eventOf(story: EventStory): StoredEvent {
  return {
    ...listedOf(story.summary),
    requestId: story.requestId,
    uniqueId: story.uniqueId,
    body: Buffer.from(story.raw.text),
    decision: JSON.stringify(story.decided),
    attempts: story.attempts.map(attemptOf),
  };
}

function attemptOf({ at, coreStatus, why, ...rest }: EventStory['attempts'][number]): Attempt {
  return {
    ...rest,
    at: Date.parse(at),
    result: rest.result as Attempt['result'],
    ...(coreStatus !== null && { coreStatus }),
    ...(why !== null && { why }),
  };
}

function subscriberOf(view: SubscriberView): Standing {
  return {
    imsi: view.imsi,
    applied: view.applied && wantedOf(view.applied),
    desired: view.desired && wantedOf(view.desired),
    after: view.after.map(wantedOf).map(({ change, version }) => ({ change, version })),
    unsettledUntil: timeOf(view.unsettledUntil),
    dueAt: timeOf(view.dueAt),
    waitingSince: timeOf(view.waitingSince),
    attempts: view.attempts,
    dead: view.dead,
    untaken: view.untaken,
  };
}

/** The stamps of the version by the connector's own names again. */
export function wantedOf({ action, state, eventId, version, owed, missing }: WantedView): Wanted {
  const { updated_at: updatedAt, event_time: eventTime, i_event: iEvent, created_at: createdAt } = version;
  return {
    change: { action, state } as Change,
    eventId,
    version: {
      ...(updatedAt !== undefined && { updatedAt }),
      ...(eventTime !== undefined && { eventTime }),
      ...(iEvent !== undefined && { iEvent }),
      ...(createdAt !== undefined && { createdAt }),
    },
    owed,
    ...(missing && { missing }),
  };
}

function timeOf(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}
