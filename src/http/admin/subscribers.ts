import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Done, Matches, Preview, SubscriberView } from '../../contract/admin.ts';
import { SEARCH_QUERY, SUBSCRIBER_PATH } from '../../contract/admin-routes.ts';
import { previewResync, resync } from '../../operate/resync.ts';
import { untakenOf } from '../../operate/untaken.ts';
import { givenInPath, givenInQuery } from './given.ts';
import { type AdminParts, audit } from './parts.ts';
import { subscriberView } from './present.ts';
import { unknown } from './refusal.ts';

/** Who is shown for a search, and how many events of a subscriber. */
const MOST_MATCHES = 50;
const MOST_EVENTS = 20;

/** Subscribers: looking for them, one by one, and sending their newest state again. */
export function subscriberRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { desk } = parts;
  app.get('/admin/v1/subscribers', async (request): Promise<Matches> => {
    const { search } = givenInQuery(request, SEARCH_QUERY);
    const matches = await desk.views.find(search.trim(), MOST_MATCHES);
    return { matches: matches.map(({ imsi, by, value, current }) => ({ imsi, by, value, current })) };
  });
  app.get('/admin/v1/subscribers/:imsi', async (request): Promise<SubscriberView> => {
    const imsi = imsiOf(request);
    const [subscriber, names, { events }] = await Promise.all([
      desk.views.subscriber(imsi),
      desk.views.names(imsi),
      desk.views.page({ imsi, limit: MOST_EVENTS }),
    ]);
    if (!subscriber && !names && events.length === 0) unknown(`No event has named the subscriber ${imsi}`);
    const asking = subscriber?.desired ? await desk.views.event(subscriber.desired.eventId) : null;
    const untaken = await untakenOf(imsi, subscriber, desk.views);
    return subscriberView({ imsi, subscriber, untaken, names, events, asking });
  });
  app.get('/admin/v1/subscribers/:imsi/resync', async (request): Promise<Preview> => {
    const imsi = imsiOf(request);
    const subscriber = await desk.views.subscriber(imsi);
    return previewResync(subscriber, await desk.previewer(), await untakenOf(imsi, subscriber, desk.views));
  });
  app.post('/admin/v1/subscribers/:imsi/resync', async (request): Promise<Done> => {
    const imsi = imsiOf(request);
    await audit(request, parts, { what: 'resync', subject: imsi });
    const done = await resync(desk, imsi);
    parts.nudge();
    return done;
  });
}

function imsiOf(request: FastifyRequest): string {
  return givenInPath(request, SUBSCRIBER_PATH).imsi;
}
