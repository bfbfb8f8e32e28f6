import type { Subscriber } from '../core/subscriber.ts';
import { changeText, wantedText } from '../operate/wording.ts';
import { timeText } from './times.ts';
import { printable, styled } from './wording.ts';

/** How a subscriber stands, in rows of two columns. */
export function subscriberRows(subscriber: Subscriber): (readonly [string, string])[] {
  const { applied, desired, after, unsettledUntil } = subscriber;
  return [
    ['in the core', applied ? printable(wantedText(applied)) : 'nothing was confirmed yet'],
    ['wanted', desired ? printable(wantedText(desired)) : 'nothing else'],
    ...after.map(({ change }) => ['before a number', changeText(change)] as const),
    ['to be done', workText(subscriber)],
    ...(unsettledUntil === null ? [] : [['unknown result', `settled after ${timeText(unsettledUntil)}`] as const]),
  ];
}

function workText({ dead, dueAt, waitingSince, attempts }: Subscriber): string {
  if (dead !== null) return styled('red', `given up: ${printable(dead)}`);
  if (dueAt === null) return 'nothing';
  const since = waitingSince === null ? '' : `, waiting since ${timeText(waitingSince)}`;
  return `next at ${timeText(dueAt)}${since}${attempts > 0 ? `, failed ${attempts} times` : ''}`;
}
