import type {
  AuditPage,
  DeadLetters,
  EventStory,
  EventSummary,
  Explanation,
  RequestView,
  SubscriberView,
  WantedView,
} from '../../src/contract/admin.ts';
import { SAMPLE_EVENT } from '../../src/contract/samples.ts';

/** What a connector in the middle of its day would answer the console; the same on every run but for the time. */

export const IMSIS = {
  inStep: '001010000020349',
  waiting: '001010000020350',
  dead: '001010000020351',
  unsettled: '001010000020352',
  absent: '001010000020353',
  deleted: '001010000020354',
  unknown: '001010000020399',
} as const;

/** Billing's data are data: none of it may become part of the page. */
export const HOSTILE = '<img src=x onerror="document.title=\'broken\'">';

export const MINUTE = 60_000;
export const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const idOf = (n: number) => `7c2f8f0e-5d0b-4a86-9a52-${(0x1d5f0c3b9e64 + n * 7919).toString(16)}`;

export const REASONS = [
  { why: 'No such profile: cs-platinum', count: 24 },
  { why: 'MSISDN 380661310764 is held by another subscriber', count: 7 },
  { why: `Refused by the HLR with words of its own ${HOSTILE}`, count: 1 },
] as const;

const STATES: readonly (readonly [EventSummary['state'], string | null, number])[] = [
  ['processed', null, 202],
  ['processed', null, 202],
  ['processed', null, 202],
  ['queued', 'Circuit open', 202],
  ['superseded', 'event of 2 min later is newer', 202],
  ['ignored', 'No defined action for event type: Account/Blocked', 202],
  ['processed', null, 202],
  ['rejected', 'pb_data.account_info.bill_status is missing (STRICT_ENRICHMENT)', 422],
  ['failed', 'Connection timeout', 503],
  ['dead', REASONS[0].why, 202],
  ['discarded', 'the SIM is gone (ticket 4711)', 202],
];

/** The journal, newest first. */
export function events(count: number): EventSummary[] {
  return Array.from({ length: count }, (_, index) => eventAt(count - index, index));
}

function eventAt(seq: number, index: number): EventSummary {
  const [state, why, status] = STATES[index % STATES.length] ?? ['processed', null, 202];
  const imsi = index % 4 === 0 ? IMSIS.inStep : `00101000002${String(300 + (index % 97)).padStart(4, '0')}`;
  return {
    seq,
    eventId: idOf(seq),
    type: state === 'ignored' ? 'Account/Blocked' : index % 9 === 6 ? 'SIM/Replaced' : 'SIM/Updated',
    imsi: state === 'ignored' ? null : imsi,
    previousImsi: index % 9 === 6 ? IMSIS.waiting : null,
    state,
    why,
    status,
    deliveries: state === 'failed' ? 4 : 1,
    attempts: state === 'ignored' || state === 'rejected' ? 0 : state === 'dead' ? 6 : 1,
    receivedAt: ago(index * index * 9_000 + 4_000),
    updatedAt: ago(index * index * 9_000 + 3_000),
  };
}

function wanted(imsi: string, changes: Partial<WantedView['state']> = {}, n = 1): WantedView {
  const state = {
    imsi,
    status: 'serviceGranted',
    msisdn: '380661310764',
    csProfile: 'cs-gold',
    epsProfile: 'eps-gold',
  };
  return {
    action: 'update',
    state: { ...state, ...changes },
    eventId: idOf(n),
    version: { updated_at: '2025-06-09T17:44:22.125109Z', i_event: '1204417' },
    owed: true,
    missing: false,
  };
}

const BARRED = { status: 'operatorDeterminedBarring', msisdn: null } as const;

/** Everybody who is known, as they stand in the beginning. */
export function subscribers(): Map<string, SubscriberView> {
  const { inStep, waiting, dead, unsettled, absent, deleted } = IMSIS;
  const views: SubscriberView[] = [
    view(inStep, { verdict: 'in step', applied: wanted(inStep) }),
    view(waiting, {
      verdict: 'waiting',
      applied: wanted(waiting, BARRED),
      desired: wanted(waiting, {}, 2),
      after: [wanted(inStep, BARRED, 3)],
      dueAt: ago(-42_000),
      waitingSince: ago(3 * MINUTE),
      attempts: 3,
      lastFailure: {
        at: ago(40_000),
        imsi: waiting,
        action: 'update',
        result: 'busy',
        coreStatus: 503,
        why: 'Service is overloaded',
        durationMs: 31,
      },
    }),
    view(dead, {
      verdict: 'dead letter',
      applied: wanted(dead, BARRED),
      desired: wanted(dead, { csProfile: 'cs-platinum' }, 2),
      waitingSince: ago(95 * MINUTE),
      attempts: 6,
      dead: REASONS[0].why,
    }),
    view(unsettled, {
      verdict: 'unsettled',
      applied: wanted(unsettled, { epsProfile: 'eps-silver' }),
      desired: wanted(unsettled, {}, 2),
      unsettledUntil: ago(-70_000),
      dueAt: ago(-12_000),
      waitingSince: ago(30_000),
      attempts: 1,
    }),
    view(absent, { verdict: 'in step', applied: { ...wanted(absent, BARRED), missing: true } }),
    view(deleted, { verdict: 'in step', applied: { ...wanted(deleted), action: 'delete' } }),
  ];
  return new Map(views.map((one) => [one.imsi, one]));
}

export function view(imsi: string, part: Partial<SubscriberView>): SubscriberView {
  const own = events(60)
    .filter((_, index) => index % 4 === 0)
    .slice(0, 8)
    .map((event) => ({ ...event, imsi }));
  return {
    imsi,
    names: { msisdn: '380661310764', account: '277147', iccid: '89014103211118510720' },
    verdict: 'unknown',
    untaken: null,
    desired: null,
    applied: null,
    after: [],
    unsettledUntil: null,
    dueAt: null,
    waitingSince: null,
    attempts: 0,
    dead: null,
    lastFailure: null,
    events: part.verdict === undefined ? [] : own,
    ...part,
  };
}

/** The call that brings a subscriber where he is wanted. */
export function requestFor({ desired, applied }: SubscriberView): RequestView[] {
  const state = (desired ?? applied)?.state;
  if (!state) return [];
  const { imsi, status, msisdn, csProfile, epsProfile } = state;
  return [
    {
      method: 'POST',
      url: 'https://hlr.example.net/api/prov',
      body: {
        imsi,
        subscriber_status: status,
        msisdn: msisdn === null ? [] : [msisdn],
        cs_profile: csProfile,
        eps_profile: epsProfile,
        action: 'update',
      },
    },
  ];
}

export function explanation(imsi: string = IMSIS.inStep): Explanation {
  return {
    steps: [
      { rule: 'event type', finding: 'SIM/Updated → update' },
      { rule: 'IMSI', finding: `${imsi} (pb_data.sim_info.imsi)` },
      { rule: 'bill status', finding: 'open' },
      { rule: 'status', finding: 'open, not blocked → serviceGranted' },
      { rule: 'MSISDN', finding: '380661310764 (pb_data.account_info.id)' },
      { rule: 'cs_profile', finding: 'cs-gold (access policy)' },
      { rule: 'eps_profile', finding: 'eps-gold (access policy)' },
    ],
    decision: { kind: 'provision', action: 'update', reason: null, faults: [] },
    requests: requestFor(view(imsi, { desired: wanted(imsi) })),
  };
}

export const REJECTION: Explanation = {
  steps: [],
  decision: {
    kind: 'reject',
    action: null,
    reason: null,
    faults: [{ path: 'pb_data.account_info.bill_status', message: 'is missing (STRICT_ENRICHMENT)' }],
  },
  requests: [],
};

export function story(summary: EventSummary): EventStory {
  const imsi = summary.imsi ?? IMSIS.inStep;
  const attempt = { imsi, action: 'update', durationMs: 43.2 };
  return {
    summary,
    requestId: '463ac35c9f6413ad',
    uniqueId: 'a2fb4a1d-1a96-4b21-9c8e-0d6c7f1b2a3c',
    today: explanation(imsi),
    decided: { kind: 'provision', action: 'update', changes: [] },
    attempts: [
      { ...attempt, at: ago(3 * MINUTE), result: 'connect_failed', coreStatus: null, why: 'Connection refused' },
      { ...attempt, at: ago(2 * MINUTE), result: 'core_error', coreStatus: 502, why: HOSTILE },
      { ...attempt, at: ago(MINUTE), result: 'done', coreStatus: 200, why: null },
    ],
    answer: { status: summary.status, why: summary.why ?? 'Event processed successfully' },
    raw: { text: JSON.stringify(SAMPLE_EVENT), masked: false },
    curl: `curl -sS -X POST http://127.0.0.1:8000/process-event -H "Authorization: Bearer $API_TOKEN" -d '${JSON.stringify(SAMPLE_EVENT)}'`,
    subscribers: [{ imsi, verdict: 'in step' }],
  };
}

export function letters(why: string, count: number): DeadLetters['letters'] {
  return Array.from({ length: count }, (_, index) => {
    const imsi = String(1010000020351 + index).padStart(15, '0');
    return {
      imsi,
      why,
      eventId: idOf(index),
      since: ago((95 - index) * MINUTE),
      attempts: 6,
      wanted: wanted(imsi, {}, index),
    };
  });
}

export function audit(): AuditPage['entries'] {
  const entry = (seq: number, what: string, subject: string | null, detail: string | null) => {
    return {
      seq,
      at: ago((9 - seq) * 17 * MINUTE),
      who: seq % 3 === 0 ? 'command line' : '5f0c3b9e',
      what,
      subject,
      detail,
    };
  };
  return [
    entry(8, 'resync', IMSIS.dead, '1 asked'),
    entry(7, 'replay', idOf(3), '1 asked'),
    entry(6, 'replay', `dead letters: ${REASONS[0].why}`, '24 asked, 2 skipped'),
    entry(5, 'discard', IMSIS.unsettled, 'the SIM is gone (ticket 4711)'),
    entry(4, 'export', null, '140 events'),
    entry(2, 'sign-in', null, null),
    entry(1, 'sign-in refused', null, 'wrong token, from 10.0.0.7'),
  ];
}
