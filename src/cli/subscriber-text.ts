import type { Standing } from '../operate/story.ts';
import { untakenText } from '../operate/untaken.ts';
import { appliedText, changeText, wantedText } from '../operate/wording.ts';
import { timeText } from './times.ts';
import { printable, styled } from './wording.ts';

/** How a subscriber stands, in rows of two columns. */
export function subscriberRows(subscriber: Standing): (readonly [string, string])[] {
  const { applied, desired, after, unsettledUntil, untaken } = subscriber;
  return [
    ['in the core', printable(appliedText(applied))],
    ['wanted', desired ? printable(wantedText(desired)) : 'nothing else'],
    ...(untaken ? [['not taken', styled('yellow', printable(untakenText(untaken)))] as const] : []),
    ...after.map(({ change }) => ['before a number', changeText(change)] as const),
    ['to be done', workText(subscriber)],
    ...(unsettledUntil === null ? [] : [['unknown result', `settled after ${timeText(unsettledUntil)}`] as const]),
  ];
}

function workText({ dead, dueAt, waitingSince, attempts, untaken }: Standing): string {
  if (dead !== null) return styled('red', `given up: ${printable(dead)}`);
  if (dueAt === null) return untaken ? 'nothing by itself: NSPS sends the event again, until it gives up' : 'nothing';
  const since = waitingSince === null ? '' : `, waiting since ${timeText(waitingSince)}`;
  return `next at ${timeText(dueAt)}${since}${attempts > 0 ? `, failed ${attempts} times` : ''}`;
}
