import { describe, test } from 'node:test';
import { sheetStorm } from '../helpers/sheet-storm.ts';

describe('google-sheets, the program', { concurrency: true }, () => {
  for (const DELIVERY of ['queued', 'inline'] as const) {
    test(`${DELIVERY}: calls without a known result, killed twice: a row each, none twice, in order`, () =>
      sheetStorm({ events: 400, perSecond: 200, kills: 2, DELIVERY }));
  }
});
