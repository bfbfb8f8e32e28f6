import { test } from 'node:test';
import { sheetStorm } from '../helpers/sheet-storm.ts';

test('5,000 events at 200 a second, 5 % of the calls without a known result, killed twice: a row each, in order', () =>
  sheetStorm({ events: 5_000, perSecond: 200, kills: 2, DELIVERY: 'queued' }));

test('the same while NSPS waits for its rows', () =>
  sheetStorm({ events: 5_000, perSecond: 200, kills: 2, DELIVERY: 'inline' }));
