import type { Release, Subscriber, Wanted } from '../../core/subscriber.ts';
import { unknownSubscriber } from '../../core/subscriber.ts';
import { wholeMs } from '../times.ts';

/** The order of a row's fields everywhere. */
export const SUBSCRIBER_COLUMNS = [
  'imsi',
  'applied',
  'desired',
  'after',
  'unsettled_until',
  'due_at',
  'waiting_since',
  'attempts',
  'dead',
] as const;

export type SubscriberRow = [
  imsi: number,
  applied: string | null,
  desired: string | null,
  after: string | null,
  unsettledUntil: number | null,
  dueAt: number | null,
  waitingSince: number | null,
  attempts: number,
  dead: string | null,
];

export function subscriberOf(row: SubscriberRow | undefined, imsi: string): Subscriber {
  if (!row) return unknownSubscriber(imsi);
  const [, applied, desired, after, unsettledUntil, dueAt, waitingSince, attempts, dead] = row;
  return {
    imsi,
    applied: applied === null ? null : (JSON.parse(applied) as Wanted),
    desired: desired === null ? null : (JSON.parse(desired) as Wanted),
    after: after === null ? [] : (JSON.parse(after) as Release[]),
    unsettledUntil,
    dueAt,
    waitingSince,
    attempts,
    dead,
  };
}

export function valuesOf(subscriber: Subscriber): SubscriberRow {
  const { imsi, applied, desired, after, unsettledUntil, dueAt, waitingSince, attempts, dead } = subscriber;
  return [
    Number(imsi),
    applied && JSON.stringify(applied),
    desired && JSON.stringify(desired),
    after.length === 0 ? null : JSON.stringify(after),
    wholeMs(unsettledUntil),
    wholeMs(dueAt),
    wholeMs(waitingSince),
    attempts,
    dead,
  ];
}
