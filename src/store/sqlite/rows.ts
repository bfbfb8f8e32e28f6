import type { Release, Subscriber, Wanted } from '../../core/subscriber.ts';
import { unknownSubscriber } from '../../core/subscriber.ts';
import { commonReason } from '../../core/text.ts';
import { SUBSCRIBER_COLUMNS, type SubscriberRow } from '../subscriber-row.ts';
import { wholeMs } from '../times.ts';

/** States and releases as JSON. */
export type JsonRow = SubscriberRow<string, string>;

/** @param row undefined when the table has none of him: then he is one of whom nothing is known. */
export function subscriberOf(row: JsonRow | undefined, imsi: string): Subscriber {
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

/** What is written of a subscriber: besides what is read again, by what he is found among dead letters. */
export const WRITTEN_COLUMNS = [...SUBSCRIBER_COLUMNS, 'dead_group'] as const;

/** In the order of `WRITTEN_COLUMNS`. */
export function valuesOf(subscriber: Subscriber): [...JsonRow, deadGroup: string | null] {
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
    dead === null ? null : commonReason(dead),
  ];
}
