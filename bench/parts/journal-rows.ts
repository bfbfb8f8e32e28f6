import type { EventState } from '../../src/contract/event-states.ts';
import { SAMPLE_EVENT } from '../../src/contract/samples.ts';
import { commonReason } from '../../src/core/text.ts';
import { imsiOf, msisdnOf } from './events.ts';

/**
 * A journal as it is after months: which event is of whom, when it came and what became of it, all by its number, so that
 * either store, large or small, holds the same mix.
 */

/** A row of `journal`, in the order of `EVENT_COLUMNS`. */
export type EventValues = readonly [
  seq: number,
  eventId: string,
  receivedAt: number,
  type: string,
  imsi: number,
  previousImsi: number | null,
  state: EventState,
  why: string | null,
  status: number,
  requestId: string,
  uniqueId: string,
  decision: string,
  attempts: string,
  body: string,
];

/** A row of `subscribers`: he is done, waits, or is a dead letter. States in JSON. */
export type SubscriberValues = readonly [
  imsi: number,
  applied: string,
  desired: string | null,
  dueAt: number | null,
  waitingSince: number | null,
  dead: string | null,
];

const DAY_MS = 86_400_000;
/** All of them came in this time. */
export const DAYS = 85;
/** Events that differ; a larger journal repeats them, later and of other subscribers. */
const BLOCK = 100_000;
/** Events by subscriber, most of them; the busy one has one in so many of all. */
const EVENTS_EACH = 10;
const BUSY_ONE_IN = 50;
/** A SIM takes another one's place in one of so many events. */
const SWAP_ONE_IN = 1_000;
const RARE_ONE_IN = 50_000;
const RAREST_ONE_IN = 100_000;
const DEAD_ONE_IN = 10;
const WAITING_ONE_IN = 50;
/** Why dead letters are dead: so many reasons, each with numbers of its own in it. */
const REASONS = 37;
/** IMSI of the subscriber who is busy all the time. */
export const FIRST_IMSI = Number(imsiOf(0));

export const COMMON_TYPE = 'SIM/Updated';
export const OTHER_TYPE = 'Account/Status';
export const RARE_TYPE = 'SIM/Replaced';

/** Everything that was rejected came in this part of the time: somebody had set up a rule wrongly. */
export const REJECTED_FROM = 0.1;
export const REJECTED_UNTIL = 0.11;

/** Of so many events: the first of them one by one, and how often and how they are repeated. */
export class JournalRows {
  /** In one block, and of how many subscribers. */
  readonly block: number;
  readonly blockSubscribers: number;
  readonly blocks: number;
  readonly since: number;
  /** From event to event, in milliseconds. */
  readonly stepMs: number;

  /**
   * @param events of more than a block, full blocks are made.
   * @param until when the last of them came, in milliseconds since 1970.
   */
  constructor(events: number, until: number) {
    this.block = Math.min(events, BLOCK);
    this.blocks = Math.ceil(events / this.block);
    this.blockSubscribers = Math.max(100, Math.floor(this.block / EVENTS_EACH));
    this.stepMs = Math.max(1, Math.floor((DAYS * DAY_MS) / this.events));
    this.since = Math.floor(until) - this.stepMs * this.events;
  }

  get events(): number {
    return this.block * this.blocks;
  }

  get subscribers(): number {
    return this.blockSubscribers * this.blocks;
  }

  /** When the event at this part of the journal (0 to 1) came. */
  timeAt(part: number): number {
    return this.since + Math.floor(this.events * part) * this.stepMs;
  }

  /** @param n from 0, of the first block. */
  event(n: number): EventValues {
    const dice = scattered(n);
    const subscriber = dice % BUSY_ONE_IN === 0 ? 0 : scattered(dice) % this.blockSubscribers;
    const previous = dice % SWAP_ONE_IN === 1 ? (subscriber % (this.blockSubscribers - 1)) + 1 : null;
    const state = stateOf(n, dice);
    const type = typeOf(n, dice);
    const id = `${hex(dice)}-5d0b-4a86-9a52-${String(n + 1).padStart(12, '0')}`;
    const at = this.since + n * this.stepMs;
    return [
      n + 1,
      id,
      at,
      type,
      Number(imsiOf(subscriber)),
      previous === null ? null : Number(imsiOf(previous)),
      state,
      state === 'processed' || state === 'queued' ? null : `because of rule ${dice % 7}`,
      202,
      `${hex(dice)}${hex(n)}`,
      `bench-${n}`,
      decisionOf(subscriber, n),
      state === 'processed' ? `[{"at":${at},"imsi":"${imsiOf(subscriber)}",${ATTEMPT}}]` : '[]',
      bodyOf(id, type, subscriber),
    ];
  }

  /** @param number from 0, of the first block. */
  subscriber(number: number): SubscriberValues {
    const [dead, waiting] = [number % DEAD_ONE_IN === 3, number % WAITING_ONE_IN === 7];
    const since = this.timeAt(0.5 + (scattered(number) % 1_000) / 2_000);
    return [
      Number(imsiOf(number)),
      wantedOf(number, 1),
      dead || waiting ? wantedOf(number, 2) : null,
      // Tomorrow: nobody is called while the pages are measured.
      waiting ? this.timeAt(1) + DAY_MS : null,
      dead || waiting ? since : null,
      dead ? `HTTP 409: number ${msisdnOf(number)} clashes in zone ${number % REASONS}` : null,
    ];
  }

  /** What the dead letter of the first subscriber that is one has in common with others. */
  get someReason(): string {
    return commonReason(this.subscriber(3)[5] ?? '');
  }

  /** What differs between the first block and another one, in SQL of either database. @param k from 0. */
  repeated(k: number): Repeated {
    const shift = k * this.block;
    const [from, until] = [REJECTED_FROM, REJECTED_UNTIL].map((part) => Math.floor(this.events * part));
    const other = (imsi: string) =>
      `CASE WHEN ${imsi} > ${FIRST_IMSI} THEN ${imsi} + ${k * this.blockSubscribers} ELSE ${imsi} END`;
    const rejected = `seq + ${shift} > ${from} AND seq + ${shift} <= ${until} AND seq % 10 = 3`;
    return {
      seq: `seq + ${shift}`,
      event_id: `substr(event_id, 1, 24) || substr(CAST(1000000000000 + seq + ${shift} AS text), 2)`,
      received_at: `received_at + ${shift * this.stepMs}`,
      imsi: other('imsi'),
      previous_imsi: other('previous_imsi'),
      state: `CASE WHEN ${rejected} THEN 'rejected' ELSE state END`,
    };
  }
}

/** Expressions over the columns of an event of the first block. */
export type Repeated = Readonly<
  Record<'seq' | 'event_id' | 'received_at' | 'imsi' | 'previous_imsi' | 'state', string>
>;

/** What a subscriber is called: `accountOf` and its like, in SQL of either database. */
export const NAMES_IN_SQL = {
  msisdn: `'38066' || substr(CAST(10000000 + imsi - ${FIRST_IMSI} AS text), 2)`,
  account: `'acc' || substr(CAST(1000000000 + imsi - ${FIRST_IMSI} AS text), 2)`,
  iccid: `'893800601' || substr(CAST(10000000000 + imsi - ${FIRST_IMSI} AS text), 2)`,
};

/** Nearly all are done with; those that are not lie all over the journal. */
function stateOf(n: number, dice: number): EventState {
  if (n % RAREST_ONE_IN === 4_321) return 'discarded';
  if (dice % 20 === 7) return 'ignored';
  if (dice % 500 === 8) return 'failed';
  if (dice % 1_000 === 9) return 'dead';
  if (dice % 1_000 === 19) return 'queued';
  return dice % 1_000 === 29 ? 'superseded' : 'processed';
}

function typeOf(n: number, dice: number): string {
  if (n % RARE_ONE_IN === 1_234) return RARE_TYPE;
  return dice % 5 === 0 ? OTHER_TYPE : COMMON_TYPE;
}

export function accountOf(subscriber: number): string {
  return `acc${String(subscriber).padStart(9, '0')}`;
}

export function iccidOf(subscriber: number): string {
  return `8938006${imsiOf(subscriber).slice(3)}`;
}

const ATTEMPT = '"action":"update","result":"done","coreStatus":200,"durationMs":1.25';

function wishOf(subscriber: number): string {
  const profiles = '"csProfile":"cs-gold","epsProfile":"eps-gold"';
  return `{"imsi":"${imsiOf(subscriber)}","status":"serviceGranted","msisdn":"${msisdnOf(subscriber)}",${profiles}}`;
}

function decisionOf(subscriber: number, n: number): string {
  const change = `{"action":"update","state":${wishOf(subscriber)}}`;
  return `{"kind":"provision","version":{"updatedAt":"${stampOf(n)}"},"changes":[${change}]}`;
}

function wantedOf(subscriber: number, n: number): string {
  const change = `{"action":"update","state":${wishOf(subscriber)}}`;
  return `{"version":{"updatedAt":"${stampOf(n)}"},"change":${change},"eventId":"wish-${subscriber}-${n}","owed":true}`;
}

function stampOf(n: number): string {
  return `2025-06-09T17:44:22.${String(n).padStart(9, '0')}`;
}

const { event_id: _, data: __, pb_data, ...REST } = SAMPLE_EVENT;
const REST_OF_BODY = JSON.stringify({ ...REST, access_policy_info: pb_data.access_policy_info }).slice(1);

/** About 550 bytes: an event from which NSPS left out what no rule reads. */
function bodyOf(id: string, type: string, subscriber: number): string {
  const sim = `{"imsi":"${imsiOf(subscriber)}","msisdn":"${msisdnOf(subscriber)}","iccid":"${iccidOf(subscriber)}"}`;
  return `{"event_id":"${id}","data":{"event_type":"${type}"},"sim_info":${sim},${REST_OF_BODY}`;
}

/** The same number for the same one, with all of its bits mixed (the end of MurmurHash3): 32 bits. */
function scattered(n: number): number {
  let h = n ^ 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function hex(n: number): string {
  return n.toString(16).padStart(8, '0');
}
