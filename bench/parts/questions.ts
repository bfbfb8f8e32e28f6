import { imsiOf, msisdnOf } from './events.ts';
import {
  accountOf,
  COMMON_TYPE,
  iccidOf,
  type JournalRows,
  OTHER_TYPE,
  RARE_TYPE,
  REJECTED_FROM,
  REJECTED_UNTIL,
} from './journal-rows.ts';

/** Something the console asks the admin API for. */
export interface Question {
  readonly name: string;
  readonly path: string;
  /** Measured also until something is found, or the journal ends, from one empty page to the next. */
  readonly rare?: true;
}

/** The limit of the console's pages. */
const LIMIT = 50;

const BUSY = 0;
const ORDINARY = 17;
const NOBODY = '999999999999999';
const MINUTE_MS = 60_000;

/** All that the pages of events, subscribers and dead letters ask, of a journal with these rows. */
export function questionsOf(rows: JournalRows): readonly Question[] {
  return [
    ...plainPages(rows),
    ...byState(rows),
    ...byType(rows),
    ...byTime(rows),
    ...bySubscriber(rows),
    ...byText(rows),
    ...OTHERS,
    ...lookingUp(),
    ...deadLetters(rows),
  ];
}

type Filter = Readonly<Record<string, string | number>>;

function events(name: string, filter: Filter = {}, rare?: true): Question {
  const query = new URLSearchParams(
    Object.entries({ ...filter, limit: LIMIT }).map(([key, value]) => [key, String(value)]),
  );
  return { name: `events: ${name}`, path: `/admin/v1/events?${query}`, ...(rare && { rare }) };
}

/** From one part of the journal (0 to 1) to another. */
function between(rows: JournalRows, from: number, until: number): Filter {
  return { from: iso(rows.timeAt(from)), until: iso(rows.timeAt(until)) };
}

function plainPages({ events: count }: JournalRows): Question[] {
  return [
    events('first page'),
    events('half way back', { before: Math.floor(count / 2) }),
    events('last page', { before: LIMIT + 1 }),
  ];
}

function byState(rows: JournalRows): Question[] {
  return [
    events('processed (most)', { state: 'processed' }),
    events('processed, half way back', { state: 'processed', before: Math.floor(rows.events / 2) }),
    events('ignored (5 %)', { state: 'ignored' }),
    ...['failed', 'dead', 'queued'].map((state) => events(`${state} (1 in 500 to 1,000)`, { state })),
    events('dead, the last of them', { state: 'dead', before: Math.floor(rows.events / 100) }),
    events('rejected (all of them long ago)', { state: 'rejected' }),
    events('rejected, half way through', {
      state: 'rejected',
      before: Math.floor((rows.events * (REJECTED_FROM + REJECTED_UNTIL)) / 2),
    }),
    events('superseded (1 in 1,000, no index)', { state: 'superseded' }),
    events('discarded (1 in 100,000, no index)', { state: 'discarded' }, true),
  ];
}

function byType(rows: JournalRows): Question[] {
  return [
    events('type of most', { type: COMMON_TYPE }),
    events('type of one in five', { type: OTHER_TYPE }),
    events('type of 1 in 50,000', { type: RARE_TYPE }, true),
    events('type of none', { type: 'Nobody/Knows' }, true),
    events('common type, rejected', { type: COMMON_TYPE, state: 'rejected' }),
    events('rare type, failed', { type: RARE_TYPE, state: 'failed' }),
    events('rare type, long ago', { type: RARE_TYPE, ...between(rows, 0.2, 0.3) }),
  ];
}

function byTime(rows: JournalRows): Question[] {
  const at = rows.timeAt(0.3);
  return [
    events('since an hour ago', { from: iso(rows.timeAt(1) - 60 * MINUTE_MS) }),
    events('a day, long ago', between(rows, 0.2, 0.2 + 1 / 85)),
    events('one minute, long ago', { from: iso(at), until: iso(at + MINUTE_MS) }),
    events('before all of them', { until: iso(rows.since - 86_400_000) }),
    events('after all of them', { from: iso(rows.timeAt(1) + 86_400_000) }),
    events('dead, a day long ago', { state: 'dead', ...between(rows, 0.2, 0.2 + 1 / 85) }),
    events('rejected, in the last half', { state: 'rejected', from: iso(rows.timeAt(0.5)) }),
    events('discarded, in the first half', { state: 'discarded', until: iso(rows.timeAt(0.5)) }, true),
  ];
}

function bySubscriber(rows: JournalRows): Question[] {
  const busy = imsiOf(BUSY);
  return [
    events('of one subscriber', { imsi: imsiOf(ORDINARY) }),
    events('of nobody', { imsi: NOBODY }),
    events('of him who has 2 % of all', { imsi: busy }),
    events('of him, half way back', { imsi: busy, before: Math.floor(rows.events / 2) }),
    events('of him, a day long ago', { imsi: busy, ...between(rows, 0.2, 0.2 + 1 / 85) }),
    events('of him, dead', { imsi: busy, state: 'dead' }),
    events('of him, a rare type', { imsi: busy, type: RARE_TYPE }),
    { name: 'subscriber', path: `/admin/v1/subscribers/${imsiOf(ORDINARY)}` },
    { name: 'subscriber who has 2 % of all events', path: `/admin/v1/subscribers/${busy}` },
  ];
}

function byText(rows: JournalRows): Question[] {
  return [
    events('text that most have', { text: '"sim_info"' }),
    events('text that none has', { text: 'nobody-is-called-so' }, true),
    events('text that none has, half way back', { text: 'nobody-is-called-so', before: Math.floor(rows.events / 2) }),
    events('text, rejected', { text: 'nobody-is-called-so', state: 'rejected' }),
    events('text, of him who has 2 %', { text: 'nobody-is-called-so', imsi: imsiOf(BUSY) }),
    events('text, a day long ago', { text: 'nobody-is-called-so', ...between(rows, 0.2, 0.2 + 1 / 85) }),
  ];
}

const OTHERS: readonly Question[] = [{ name: 'overview', path: '/admin/v1/overview' }];

function lookingUp(): Question[] {
  const search = (name: string, text: string) => ({
    name: `search: ${name}`,
    path: `/admin/v1/subscribers?search=${text}`,
  });
  return [
    search('a number', msisdnOf(ORDINARY)),
    search('how numbers begin', msisdnOf(0).slice(0, 6)),
    search('an account', accountOf(ORDINARY)),
    search('an ICCID', iccidOf(ORDINARY)),
    search('how IMSIs begin', imsiOf(0).slice(0, 6)),
    search('nobody', 'nobody-is-called-so'),
  ];
}

function deadLetters(rows: JournalRows): Question[] {
  const why = encodeURIComponent(rows.someReason);
  const list = '/admin/v1/dead-letters/list';
  return [
    { name: 'dead letters by reason', path: '/admin/v1/dead-letters' },
    { name: 'dead letters: first page', path: list },
    { name: 'dead letters: half way through', path: `${list}?after=${imsiOf(Math.floor(rows.subscribers / 2))}` },
    { name: 'dead letters of a reason', path: `${list}?why=${why}` },
    { name: 'dead letters of a reason of none', path: `${list}?why=nobody` },
  ];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
