import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Done, EventPage, EventStory, Preview } from '../../contract/admin.ts';
import type { Values } from '../../contract/admin-params.ts';
import { type EVENT_FILTER, EVENT_PATH, EVENTS_QUERY } from '../../contract/admin-routes.ts';
import { previewReplay, replay } from '../../operate/replay.ts';
import { storyOf } from '../../operate/story.ts';
import type { EventSearch } from '../../ports/operating.ts';
import type { StoredEvent } from '../../ports/store.ts';
import { curlOf } from './curl.ts';
import { givenInPath, givenInQuery } from './given.ts';
import { type AdminParts, audit } from './parts.ts';
import { isoOrNull, storyView, summaryOf } from './present.ts';
import { unknown } from './refusal.ts';

/** Events: pages of them, the story of one, and delivering it again. */
export function eventRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { desk, about, mask } = parts;
  app.get('/admin/v1/events', async (request): Promise<EventPage> => {
    const { before, limit, ...filter } = givenInQuery(request, EVENTS_QUERY);
    const found = await desk.views.page({ ...searchOf(filter), ...(before && { beforeSeq: before }), limit });
    return { events: found.events.map(summaryOf), next: found.next, reachedAt: isoOrNull(found.reachedAt) };
  });
  app.get('/admin/v1/events/:id', async (request): Promise<EventStory> => {
    const story = await storyOf(await eventOf(request, parts), desk.views, desk.rules, await desk.previewer());
    return storyView(story, (body, event) => curlOf(request, about.eventPath, body, event), mask);
  });
  app.get('/admin/v1/events/:id/replay', async (request): Promise<Preview> => {
    return await previewReplay(await eventOf(request, parts), desk);
  });
  app.post('/admin/v1/events/:id/replay', async (request): Promise<Done> => {
    const event = await eventOf(request, parts);
    await audit(request, parts, { what: 'replay', subject: event.eventId });
    const done = await replay(desk, event);
    parts.nudge();
    return done;
  });
}

/** What is looked for; what was not given does not count. */
export function searchOf(filter: Values<typeof EVENT_FILTER>): Omit<EventSearch, 'limit'> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

async function eventOf(request: FastifyRequest, { desk }: AdminParts): Promise<StoredEvent> {
  const { id } = givenInPath(request, EVENT_PATH);
  const event = await desk.views.event(id);
  return event ?? unknown('There is no such event in the journal; old ones are deleted after RETENTION_DAYS');
}
