import Type, { type Static } from 'typebox';
import { CIRCUIT_STATES } from './circuit-states.ts';
import { EVENT_STATES } from './event-states.ts';
import { IMSI_PATTERN } from './imsi.ts';

/**
 * What the admin API answers, in JSON Schema and as types: the console and the OpenAPI document are made from it. Times are
 * ISO 8601 in UTC unless a name ends in `Ms`; an absent value is `null`, never left out.
 */

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const text = (description: string) => Type.String({ description });
const whole = (description: string) => Type.Integer({ minimum: 0, description });
const number = (description: string) => Type.Number({ minimum: 0, description });
const time = (description: string) => Type.String({ format: 'date-time', description });
const imsi = Type.String({ pattern: IMSI_PATTERN, description: 'IMSI, 15 digits.' });

export const eventStateSchema = Type.Enum([...EVENT_STATES], { description: 'Where an event stands.' });

/** The state of a subscriber in the external system, as this connector means it. */
export const stateSchema = Type.Object({
  imsi,
  status: text('`serviceGranted` or `operatorDeterminedBarring`.'),
  msisdn: nullable(text('Number, or null when the SIM has none.')),
  csProfile: text('Circuit switched profile.'),
  epsProfile: text('Packet switched profile.'),
});

/** A state that billing wants, or that the external system confirmed, and the event it came from. */
export const wantedSchema = Type.Object({
  action: text('insert, update, delete, set, unset or modify.'),
  state: stateSchema,
  eventId: text('The event that said so.'),
  version: Type.Record(Type.String(), Type.String(), {
    description: 'The stamps that order it: updated_at, event_time, i_event, created_at.',
  }),
  owed: Type.Boolean({ description: 'Whether the retry is ours (NSPS was answered 202).' }),
  missing: Type.Boolean({
    description:
      'Whether the external system did not know the SIM when it was to lose its number: it has none there, and is not there. ' +
      'Should it be inserted after all, it becomes this state.',
  }),
});

/** A request to the external system. */
export const requestSchema = Type.Object({
  method: text('HTTP method.'),
  url: text('Where it goes.'),
  body: Type.Unknown({ description: 'What is sent, without secrets.' }),
});

/** Events by where they ended, within some time. */
export const countsSchema = Type.Record(Type.String(), whole('Events.'), { description: 'Events by outcome.' });

/** What happened within some time. */
const happened = {
  events: countsSchema,
  calls: whole('Calls to the external system.'),
  errors: whole('Those of them that failed.'),
  p50Ms: nullable(number('Median duration of a call.')),
  p95Ms: nullable(number('95 % were quicker.')),
  p99Ms: nullable(number('99 % were quicker.')),
};

/** How the connector does now. */
export const overviewSchema = Type.Object({
  at: time('When it was looked.'),
  service: text('APP_NAME.'),
  version: text('Version of the connector.'),
  target: text('The external system.'),
  records: Type.Boolean({
    description:
      'Whether it records events and keeps no states: then backlog and dead letters are events, not subscribers.',
  }),
  delivery: text('inline or queued.'),
  store: Type.Object({ kind: text('sqlite, postgres or memory.'), fault: nullable(text('Why it fails now.')) }),
  startedAt: time('When this instance started.'),
  circuit: Type.Object({
    state: Type.Enum([...CIRCUIT_STATES]),
    retryInMs: nullable(whole('Until the next call is let through.')),
    fault: nullable(
      text('What somebody has to mend before it closes, where that is known (targets that record events).'),
    ),
  }),
  inFlight: whole('Calls to the external system under way.'),
  inside: whole('Events being answered now.'),
  waiting: whole('Events and changes that wait for a free call.'),
  rate: Type.Object({
    perSecond: number('Calls in the last second.'),
    limit: nullable(number('WTL_MAX_RPS; null when there is none.')),
  }),
  backlog: Type.Object({
    waiting: whole('Subscribers the connector still has to do something for.'),
    oldestMs: nullable(whole('How long the oldest of them waits.')),
    dead: whole('Dead letters.'),
  }),
  lastMinute: Type.Object(happened),
  simulator: Type.Boolean({ description: 'Whether a core simulator runs inside (the demo).' }),
});

/** Charts: one point every `stepMs`, of this instance, since it started. */
export const seriesSchema = Type.Object({
  range: Type.Enum(['hour', 'day']),
  stepMs: whole('From one point to the next.'),
  points: Type.Array(
    Type.Object({
      at: time('Begin of the step.'),
      ...happened,
    }),
  ),
});

/** A line of a list of events. */
export const eventSummarySchema = Type.Object({
  seq: whole('Grows with every new event.'),
  eventId: text('As NSPS gave it.'),
  type: text('SIM/Updated, …'),
  imsi: nullable(imsi),
  previousImsi: nullable(imsi),
  state: eventStateSchema,
  why: nullable(text('Why it stands there.')),
  status: whole('HTTP status of the answer to NSPS.'),
  deliveries: whole('How often NSPS sent it.'),
  attempts: whole('Calls made for it.'),
  receivedAt: time('When it came first.'),
  updatedAt: time('When something last happened to it.'),
});

/** Events, newest first. */
export const eventPageSchema = Type.Object({
  events: Type.Array(eventSummarySchema),
  next: nullable(whole('`before` of the next page; null when there is no more.')),
  reachedAt: nullable(
    time(
      'So far back was looked. A page can be short, or empty, and still have a next: a search looks at so many events.',
    ),
  ),
});

/** A subscriber found by something that he is or was called. */
export const matchSchema = Type.Object({
  imsi,
  by: Type.Enum(['imsi', 'msisdn', 'account', 'iccid']),
  value: text('What matched.'),
  current: Type.Boolean({ description: 'False when it was so once, and is no more.' }),
});

export const matchesSchema = Type.Object({ matches: Type.Array(matchSchema) });

/** A call to the external system that ended. */
export const attemptSchema = Type.Object({
  at: time('When it ended.'),
  imsi,
  action: text('insert, update, delete, set, unset or modify; append: a row.'),
  result: text('done, or the kind of failure.'),
  coreStatus: nullable(whole('HTTP status of the external system.')),
  why: nullable(text('Its words, or what happened on the way.')),
  durationMs: number('How long it took.'),
});

/** All that is told of a subscriber. */
export const subscriberSchema = Type.Object({
  imsi,
  names: Type.Object({
    msisdn: nullable(text('Number in billing.')),
    account: nullable(text('i_account.')),
    iccid: nullable(text('Number of the card.')),
  }),
  verdict: Type.Enum(['in step', 'waiting', 'unsettled', 'dead letter', 'unknown'], {
    description: 'How the external system compares with what billing wants, as far as is known.',
  }),
  untaken: Type.Union(
    [
      Type.Object({
        eventId: text('The event.'),
        state: Type.Enum(['failed', 'rejected']),
        why: nullable(text('Why it was not taken.')),
      }),
      Type.Null(),
    ],
    {
      description:
        'The newest event, when it was answered an error and nobody promised what it wants; it may be that of `desired`.',
    },
  ),
  desired: nullable(wantedSchema),
  applied: nullable(wantedSchema),
  after: Type.Array(wantedSchema, { description: 'Numbers that have to be released first.' }),
  unsettledUntil: nullable(time('A call without a known result may still be applied until then.')),
  dueAt: nullable(time('When the connector goes on by itself.')),
  waitingSince: nullable(time('Since when it tries.')),
  attempts: whole('Attempts that failed since then.'),
  dead: nullable(text('Why it gave up.')),
  lastFailure: Type.Union([attemptSchema, Type.Null()], {
    description: 'The last call for what is not confirmed yet, when it failed.',
  }),
  events: Type.Array(eventSummarySchema, { description: 'The last events of the subscriber, newest first.' }),
});

/** What would be sent. */
export const previewSchema = Type.Object({
  requests: Type.Array(requestSchema, { description: 'What would be sent, in this order.' }),
  why: nullable(text('Why nothing would be sent, or what else is to be known.')),
});

/** What came of asking for something to be sent again. */
export const doneSchema = Type.Object({
  asked: whole('Subscribers that will be sent again.'),
  skipped: whole('Those where nothing was to do.'),
  why: nullable(text('Why they were skipped.')),
});

export const stepSchema = Type.Object({ rule: text('What was asked.'), finding: text('What was found.') });

/** What an event means by the rules of today, and how that was found. */
export const explanationSchema = Type.Object({
  steps: Type.Array(stepSchema),
  decision: Type.Object({
    kind: Type.Enum(['provision', 'record', 'ignore', 'reject']),
    action: nullable(text('insert, update, replace, delete, set, unset or modify.')),
    reason: nullable(text('Why it is ignored.')),
    faults: Type.Array(Type.Object({ path: Type.String(), message: Type.String() })),
  }),
  requests: Type.Array(requestSchema),
});

/** An event with all that happened to it. */
export const eventStorySchema = Type.Object({
  summary: eventSummarySchema,
  requestId: text('x-b3-traceid of the last delivery.'),
  uniqueId: text('x-request-id of the last delivery.'),
  /** By the rules of today, which may not be those of the day. */
  today: explanationSchema,
  decided: Type.Unknown({ description: 'What it meant when it came.' }),
  attempts: Type.Array(attemptSchema),
  answer: Type.Object({ status: whole('HTTP status.'), why: nullable(Type.String()) }),
  raw: Type.Object({
    text: text('The event as NSPS sent it, or masked (LOG_PII=mask).'),
    masked: Type.Boolean(),
  }),
  curl: text('A command that sends the event again.'),
  subscribers: Type.Array(Type.Object({ imsi, verdict: Type.String() })),
});

/** Dead letters by reason. */
export const deadGroupsSchema = Type.Object({
  total: whole('Dead letters.'),
  groups: Type.Array(
    Type.Object({
      why: text('The reason, with … for IMSIs, numbers and ids in it.'),
      count: whole('Subscribers.'),
      oldest: nullable(time('Since when the first waits.')),
      newest: nullable(time('Since when the last waits.')),
    }),
  ),
});

/** Dead letters one by one, in the order of IMSIs. */
export const deadLettersSchema = Type.Object({
  letters: Type.Array(
    Type.Object({
      imsi,
      why: Type.String(),
      eventId: nullable(Type.String()),
      since: nullable(time('Since when it was tried.')),
      attempts: whole('Attempts that failed.'),
      wanted: nullable(wantedSchema),
    }),
  ),
  next: nullable(text('`after` of the next page.')),
});

/** Which dead letters: those named, those of a reason, or all. */
export const chosenSchema = Type.Object(
  {
    imsis: Type.Optional(
      Type.Array(imsi, { minItems: 1, maxItems: 1000, description: 'Whatever they are dead letters of by then.' }),
    ),
    letters: Type.Optional(
      Type.Array(Type.Object({ imsi, eventId: Type.String() }, { additionalProperties: false }), {
        minItems: 1,
        maxItems: 1000,
        description: 'As they were seen: what is a dead letter of another event by then is left alone.',
      }),
    ),
    why: Type.Optional(Type.String({ maxLength: 2000, description: 'The reason of a group.' })),
    all: Type.Optional(Type.Literal(true)),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
);

/** Which dead letters are given up, and why. */
export const discardSchema = Type.Object(
  { chosen: chosenSchema, reason: Type.String({ minLength: 3, maxLength: 500, description: 'Why; it is kept.' }) },
  { additionalProperties: false },
);

/** A line of the answer (NDJSON) while dead letters are replayed or discarded; the last has `ended`. */
export const progressSchema = Type.Object({
  total: whole('How many there are.'),
  done: whole('How many were dealt with.'),
  skipped: whole('Those where nothing was to do any more.'),
  ended: Type.Boolean(),
  results: Type.Array(
    Type.Object({
      imsi,
      eventId: nullable(text('The event whose state he lacks; null when he is no dead letter.')),
      done: Type.Boolean({ description: 'False when nothing was to do any more.' }),
    }),
    { description: 'One by one, those that were dealt with since the line before.' },
  ),
});

/** What operators did, newest first. */
export const auditPageSchema = Type.Object({
  entries: Type.Array(
    Type.Object({
      seq: whole('Grows with every entry.'),
      at: time('When.'),
      who: text('The session (its first characters), or `token` for the admin token, or `command line`.'),
      what: text('sign-in, sign-out, sign-in refused, resync, replay, replay ended, discard, discard ended, export.'),
      subject: nullable(text('IMSI, event id, or which dead letters.')),
      detail: nullable(text('The reason given, how many, …')),
    }),
  ),
  next: nullable(whole('`before` of the next page.')),
});

/** Who is on the core simulator, when one runs inside (the demo). */
export const simulatedSchema = Type.Object({
  subscribers: Type.Array(
    Type.Object({
      imsi: Type.String(),
      status: Type.String(),
      msisdn: Type.Array(Type.String()),
      csProfile: Type.String(),
      epsProfile: Type.String(),
    }),
  ),
});

export const signInSchema = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 1000 }) },
  { additionalProperties: false },
);

/** Whether the browser is signed in to the console. */
export const sessionSchema = Type.Object({
  signedIn: Type.Boolean(),
  since: nullable(time('When it signed in.')),
  expires: nullable(time('When it has to do so again.')),
});

export type Overview = Static<typeof overviewSchema>;
export type Series = Static<typeof seriesSchema>;
export type EventSummary = Static<typeof eventSummarySchema>;
export type EventPage = Static<typeof eventPageSchema>;
export type Match = Static<typeof matchSchema>;
export type Matches = Static<typeof matchesSchema>;
export type SubscriberView = Static<typeof subscriberSchema>;
export type WantedView = Static<typeof wantedSchema>;
export type RequestView = Static<typeof requestSchema>;
export type Preview = Static<typeof previewSchema>;
export type Done = Static<typeof doneSchema>;
export type Explanation = Static<typeof explanationSchema>;
export type EventStory = Static<typeof eventStorySchema>;
export type DeadGroups = Static<typeof deadGroupsSchema>;
export type DeadLetters = Static<typeof deadLettersSchema>;
export type Chosen = Static<typeof chosenSchema>;
export type Progress = Static<typeof progressSchema>;
export type AuditPage = Static<typeof auditPageSchema>;
export type Simulated = Static<typeof simulatedSchema>;
export type Session = Static<typeof sessionSchema>;
