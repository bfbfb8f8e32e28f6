import type { TSchema } from 'typebox';
import {
  auditPageSchema,
  chosenSchema,
  deadGroupsSchema,
  deadLettersSchema,
  discardSchema,
  doneSchema,
  eventPageSchema,
  eventStorySchema,
  explanationSchema,
  matchesSchema,
  overviewSchema,
  previewSchema,
  progressSchema,
  seriesSchema,
  sessionSchema,
  signInSchema,
  simulatedSchema,
  subscriberSchema,
} from './admin.ts';
import { choice, imsi, type Params, required, text, time, whole, withDefault } from './admin-params.ts';
import type { ErrorCode } from './answers.ts';
import { EVENT_STATES } from './event-states.ts';

/** Every route of the admin API and of the console's sessions: served, refused (405) and documented from this table. */

/** A route as it is served and documented. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As Fastify and OpenAPI (with braces) know it: `/admin/v1/events/:id`. */
  readonly path: string;
  readonly summary: string;
  /** In the path and in the query. */
  readonly params?: Params;
  /** A schema, or a name in the OpenAPI document. */
  readonly body?: TSchema | 'Event';
  readonly answer: TSchema;
  /** `application/json` when absent. */
  readonly type?: string;
  readonly errors?: readonly ErrorCode[];
}

/** Which events are looked for. */
export const EVENT_FILTER = {
  state: choice('Where events stand.', EVENT_STATES),
  type: text('Events of this type: SIM/Updated.', 200),
  imsi: imsi('Events of this SIM, also as the one that was replaced.'),
  from: time('Received at or after.'),
  until: time('Received before.'),
  text: text('In the event as NSPS sent it, or in its id; letter case matters.', 200),
};

/** However many a client asks for. */
export const MOST_ON_A_PAGE = 200;

const seq = (about: string) => whole(about, 1, Number.MAX_SAFE_INTEGER);

/** The same, page by page. */
export const EVENTS_QUERY = {
  ...EVENT_FILTER,
  before: seq('`next` of the page before.'),
  limit: withDefault(whole('Events on a page.', 1, MOST_ON_A_PAGE), 50),
};
export const SERIES_QUERY = { range: withDefault(choice('How far back.', ['hour', 'day']), 'hour') };
export const SEARCH_QUERY = {
  search: required(text('IMSI, number, account id or ICCID; of 5 characters or more also how it begins.', 100)),
};
/** Which dead letters are listed, page by page. */
export const LETTERS_QUERY = {
  why: text('Only those of this reason.', 2_000),
  after: imsi('`next` of the page before.'),
  limit: withDefault(whole('Dead letters on a page.', 1, MOST_ON_A_PAGE), 50),
};
/** Entries of the audit, page by page. */
export const AUDIT_QUERY = {
  before: seq('`next` of the page before.'),
  limit: withDefault(whole('Entries on a page.', 1, MOST_ON_A_PAGE), 50),
};
export const SUBSCRIBER_PATH = { imsi: required(imsi('IMSI, 15 digits.')) };
export const EVENT_PATH = { id: required(text('Event id.', 300)) };

const get = (path: string, summary: string, answer: TSchema, more: Partial<AdminRoute> = {}): AdminRoute => ({
  method: 'GET',
  path,
  summary,
  answer,
  ...more,
});
const post = (path: string, summary: string, answer: TSchema, more: Partial<AdminRoute> = {}): AdminRoute => ({
  ...get(path, summary, answer, more),
  method: 'POST',
});

const MISSING = ['unknown_resource'] as const;
const NDJSON = 'application/x-ndjson';

/** The admin API; every route asks who it is first. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  get('/admin/v1/overview', 'How the connector does now', overviewSchema),
  get('/admin/v1/overview/stream', 'The same every second, as server-sent events (`event: overview`)', overviewSchema, {
    type: 'text/event-stream',
    errors: ['too_many_streams'],
  }),
  get('/admin/v1/series', 'Charts', seriesSchema, { params: SERIES_QUERY }),
  get('/admin/v1/subscribers', 'Look for subscribers', matchesSchema, { params: SEARCH_QUERY }),
  get('/admin/v1/subscribers/:imsi', 'One subscriber', subscriberSchema, { params: SUBSCRIBER_PATH, errors: MISSING }),
  get('/admin/v1/subscribers/:imsi/resync', 'What sending the newest state again would send', previewSchema, {
    params: SUBSCRIBER_PATH,
  }),
  post('/admin/v1/subscribers/:imsi/resync', 'Send the newest state again', doneSchema, { params: SUBSCRIBER_PATH }),
  get('/admin/v1/events', 'Events, newest first', eventPageSchema, { params: EVENTS_QUERY }),
  get('/admin/v1/events.csv', 'Events as a table for spreadsheets, at most 10,000 rows', eventPageSchema, {
    params: EVENT_FILTER,
    type: 'text/csv',
    errors: ['too_many_streams'],
  }),
  get('/admin/v1/events/:id', 'The whole story of an event', eventStorySchema, { params: EVENT_PATH, errors: MISSING }),
  get('/admin/v1/events/:id/replay', 'What delivering an event again would send', previewSchema, {
    params: EVENT_PATH,
    errors: MISSING,
  }),
  post('/admin/v1/events/:id/replay', 'Deliver an event again', doneSchema, { params: EVENT_PATH, errors: MISSING }),
  get('/admin/v1/dead-letters', 'Dead letters by reason', deadGroupsSchema),
  get('/admin/v1/dead-letters/list', 'Dead letters one by one', deadLettersSchema, { params: LETTERS_QUERY }),
  post('/admin/v1/dead-letters/replay', 'Try dead letters again', progressSchema, {
    body: chosenSchema,
    type: NDJSON,
    errors: ['too_many_streams'],
  }),
  post('/admin/v1/dead-letters/discard', 'Give dead letters up for good', progressSchema, {
    body: discardSchema,
    type: NDJSON,
    errors: ['too_many_streams'],
  }),
  post('/admin/v1/explain', 'What an event would mean, and why; nothing is sent', explanationSchema, { body: 'Event' }),
  get('/admin/v1/audit', 'What operators did, newest first', auditPageSchema, { params: AUDIT_QUERY }),
  get('/admin/v1/simulator/subscribers', 'Who is on the core simulator (demo)', simulatedSchema, { errors: MISSING }),
];

/** The cookie that holds a session of the console. */
export const SESSION_COOKIE = 'nsps_console';

/** The console's own; they ask for no session. */
export const SESSION_ROUTES: readonly AdminRoute[] = [
  get('/console/session', 'Whether the browser is signed in', sessionSchema),
  post('/console/session', 'Sign in; sets the cookie', sessionSchema, {
    body: signInSchema,
    errors: ['sign_in_refused', 'forbidden', 'too_many_sign_ins'],
  }),
  { ...get('/console/session', 'Sign out', sessionSchema, { errors: ['forbidden'] }), method: 'DELETE' },
];

/** Methods by path, for whoever asks with another one. */
export function allowedMethods(routes: readonly AdminRoute[], path: string): string | null {
  const methods = routes.filter((route) => matches(route.path, path)).map(({ method }) => method);
  if (methods.length === 0) return null;
  return [...new Set(methods)].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return false;
  return wanted.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]));
}
