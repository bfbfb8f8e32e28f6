import { HOSTILE, IMSIS, REASONS } from '../../test/helpers/console-data.ts';
import type { ConsoleMock } from '../../test/helpers/console-mock.ts';
import type { Scene } from './camera.ts';

/** What is seldom met, and numbers of a busy network: before the stand-in of the tests. */
export const MADE_UP: readonly Scene<ConsoleMock>[] = [
  { name: 'sign-in-fresh', path: '/console/', signedOut: true },
  {
    name: 'sign-in-refused',
    path: '/console/',
    signedOut: true,
    act: async (page) => {
      await page.getByLabel('Console token').fill('guess');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'sign-in-session-ended',
    path: '/console/events',
    act: async (page, mock) => {
      mock.endSessions();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByText('The session has ended').waitFor();
    },
  },
  { name: 'overview-busy', path: '/console/' },
  {
    name: 'overview-day',
    path: '/console/',
    act: async (page) => {
      await page.getByLabel('Last day').check({ force: true });
      await page.getByRole('heading', { name: 'events each 20 min' }).waitFor();
    },
  },
  {
    name: 'overview-pointed',
    path: '/console/',
    whole: false,
    act: async (page) => {
      await page.getByText('As a table').last().click();
      await page.locator('.chart .u-over').first().hover();
    },
  },
  {
    name: 'overview-circuit-open',
    path: '/console/',
    before: (mock) => {
      mock.overview = {
        circuit: { state: 'open', retryInMs: 12_000, fault: null },
        store: { kind: 'sqlite', fault: 'disk I/O error' },
      };
    },
    act: (page) => page.getByText('The network is not well').waitFor(),
  },
  {
    name: 'overview-stale',
    path: '/console/',
    act: async (page, mock) => {
      await page.getByText('Live', { exact: true }).waitFor();
      mock.cutStream();
      await page.getByText('These numbers are old.').waitFor();
    },
  },
  {
    name: 'menu',
    path: '/console/events',
    sizes: ['phone'],
    whole: false,
    act: (page) => page.getByRole('button', { name: 'Menu' }).click(),
  },
  { name: 'search-empty', path: '/console/subscribers' },
  { name: 'search-nobody', path: '/console/subscribers?search=38066131' },
  { name: 'search-nobody-imsi', path: `/console/subscribers?search=${IMSIS.unknown}` },
  { name: 'search-several', path: '/console/subscribers?search=380661310764' },
  { name: 'search-one', path: `/console/subscribers?search=${IMSIS.inStep}` },
  { name: 'subscriber-in-step', path: `/console/subscribers/${IMSIS.inStep}` },
  { name: 'subscriber-waiting', path: `/console/subscribers/${IMSIS.waiting}` },
  { name: 'subscriber-dead-letter', path: `/console/subscribers/${IMSIS.dead}` },
  { name: 'subscriber-unsettled', path: `/console/subscribers/${IMSIS.unsettled}` },
  { name: 'subscriber-absent', path: `/console/subscribers/${IMSIS.absent}` },
  { name: 'subscriber-unknown', path: `/console/subscribers/${IMSIS.unknown}` },
  {
    name: 'subscriber-resync-dialog',
    path: `/console/subscribers/${IMSIS.dead}`,
    whole: false,
    act: async (page) => {
      await page.getByRole('button', { name: 'Resync' }).click();
      await page.getByRole('button', { name: 'send this' }).waitFor();
    },
  },
  {
    name: 'subscriber-resync-result',
    path: `/console/subscribers/${IMSIS.waiting}`,
    whole: false,
    act: async (page) => {
      await page.getByRole('button', { name: 'Resync' }).click();
      await page.getByRole('button', { name: 'send this' }).click();
      await page.getByRole('dialog').getByText('The network has what billing wants.').waitFor();
    },
  },
  { name: 'events', path: '/console/events' },
  {
    name: 'events-by-keyboard',
    path: '/console/events',
    whole: false,
    act: async (page) => {
      await page.getByRole('link', { name: 'queued', exact: true }).focus();
      await page.keyboard.press('Tab');
    },
  },
  { name: 'events-filtered', path: '/console/events?state=rejected' },
  {
    name: 'events-no-result',
    path: `/console/events?state=dead&type=SIM%2FUpdated&imsi=${IMSIS.unknown}&from=2026-01-01T10:00:00Z`,
  },
  {
    name: 'events-looked-back',
    path: '/console/events?text=nowhere',
    act: (page) => page.getByText('Looked back to').waitFor(),
  },
  {
    name: 'event-missing',
    path: '/console/events/none',
    act: (page) => page.getByText('There is no event').waitFor(),
  },
  { name: 'dead-letters', path: '/console/dead-letters' },
  { name: 'dead-letters-one-reason', path: `/console/dead-letters?why=${encodeURIComponent(REASONS[1].why)}` },
  {
    name: 'dead-letters-hostile-reason',
    path: `/console/dead-letters?why=${encodeURIComponent(REASONS[2].why)}`,
    act: (page) => page.getByText(HOSTILE).first().waitFor(),
  },
  {
    name: 'dead-letters-replay-dialog',
    path: '/console/dead-letters',
    whole: false,
    act: (page) => page.getByRole('button', { name: 'Replay all dead letters' }).click(),
  },
  {
    name: 'dead-letters-replay-one-dialog',
    path: `/console/dead-letters?why=${encodeURIComponent(REASONS[0].why)}`,
    whole: false,
    act: async (page) => {
      await page.getByRole('button', { name: `Replay ${IMSIS.dead}` }).click();
      await page.getByRole('dialog').locator('.code').waitFor();
    },
  },
  {
    name: 'dead-letters-replay-result',
    path: '/console/dead-letters',
    whole: false,
    act: async (page) => {
      await page.getByRole('button', { name: `Replay dead letters: ${REASONS[1].why}` }).click();
      await page.getByRole('button', { name: 'Replay 7 dead letters' }).click();
      await page.getByText('7 to be sent again.').waitFor();
    },
  },
  {
    name: 'dead-letters-discard-dialog',
    path: '/console/dead-letters',
    whole: false,
    act: async (page) => {
      await page.getByRole('button', { name: `Discard dead letters: ${REASONS[0].why}` }).click();
      await page.getByLabel(/Why are they discarded/).waitFor();
    },
  },
  {
    name: 'dead-letters-none',
    path: '/console/dead-letters',
    before: (mock) => {
      mock.groups = [];
    },
  },
  { name: 'explain-empty', path: '/console/explain' },
  { name: 'audit', path: '/console/audit' },
  { name: 'no-such-page', path: '/console/elsewhere' },
];
