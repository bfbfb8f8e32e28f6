import type { Page } from 'playwright-core';
import { type ConsoleSite, eventOf } from '../../test/helpers/console-site.ts';
import { until } from '../../test/helpers/polling.ts';
import type { Scene } from './camera.ts';

/** The same pages of a built connector with a database, before a core with rules of its own: in the order of its day. */

const ANNA = { eventId: '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e64', imsi: '001010000020349', msisdn: '380661310764' };
const BORIS = { eventId: '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e65', imsi: '001010000020350', msisdn: '380661310765' };
const CLARA = { eventId: '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e66', imsi: '001010000020351', msisdn: '380661310766' };
const DORA = { eventId: '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e67', imsi: '001010000020352', msisdn: '380661310767' };
const SWAP = { ...ANNA, eventId: '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e68', imsi: '001010000020359' };
const IGNORED = '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e69';
const REJECTED = '7c2f8f0e-5d0b-4a86-9a52-1d5f0c3b9e70';
/** Known to the core only, and in the way of whoever gets the number. */
const STRANGER = '001010000029999';

function swap() {
  const event = eventOf(SWAP);
  const prev_sim_info = { ...event.pb_data.sim_info, imsi: ANNA.imsi, status: 'available' };
  return {
    ...event,
    data: { ...event.data, event_type: 'SIM/Replaced' },
    pb_data: { ...event.pb_data, prev_sim_info },
  };
}

function ignored() {
  const event = eventOf({ ...BORIS, eventId: IGNORED });
  return { ...event, data: { ...event.data, event_type: 'Account/Blocked' } };
}

function rejected() {
  const { pb_data, ...event } = eventOf({ ...DORA, eventId: REJECTED });
  const { bill_status: _, ...account_info } = pb_data.account_info;
  return { ...event, pb_data: { ...pb_data, account_info, sim_info: { ...pb_data.sim_info, imsi: '00101' } } };
}

/** One is in step, one swapped his SIM, one is dead, and two events are of no use. */
async function day(site: ConsoleSite): Promise<void> {
  await site.post(ANNA);
  await until('the core has her', () => site.core.subscribers.get(ANNA.imsi));
  await site.postEvents(swap(), ignored(), rejected());
  await until('the core has the new SIM', () => site.core.subscribers.get(SWAP.imsi));
  site.byHand('update', STRANGER, BORIS.msisdn);
  await site.post(BORIS);
  await until('he was refused', () => site.asked.length === 4);
  site.core.setFaults({ script: [{ as: 422 }] });
  await site.post(DORA);
}

async function explained(page: Page, text: string, sign: string): Promise<void> {
  await page.getByLabel('Event, as NSPS sends it').fill(text);
  await page.getByRole('button', { name: 'Explain', exact: true }).click();
  await page.getByText(sign).first().waitFor();
}

const event = (id: string) => `/console/events/${id}`;
const subscriber = (imsi: string) => `/console/subscribers/${imsi}`;

export const REAL: readonly Scene<ConsoleSite>[] = [
  { name: 'real-overview-fresh', path: '/console/', act: (page) => page.getByText('No event has come yet.').waitFor() },
  { name: 'real-events-fresh', path: '/console/events' },
  {
    name: 'real-overview-used',
    path: '/console/',
    before: day,
    act: (page) => page.getByText('The connector gave up on 2 subscribers').waitFor(),
  },
  { name: 'real-events', path: '/console/events' },
  { name: 'real-event-processed', path: event(ANNA.eventId) },
  { name: 'real-event-swap', path: event(SWAP.eventId) },
  { name: 'real-event-ignored', path: event(IGNORED) },
  { name: 'real-event-rejected', path: event(REJECTED) },
  { name: 'real-event-dead', path: event(BORIS.eventId) },
  { name: 'real-subscriber-in-step', path: subscriber(SWAP.imsi) },
  { name: 'real-subscriber-given-up-number', path: subscriber(ANNA.imsi) },
  { name: 'real-subscriber-dead', path: subscriber(BORIS.imsi) },
  { name: 'real-search', path: `/console/subscribers?search=${ANNA.msisdn}` },
  {
    name: 'real-event-replay-dialog',
    path: event(SWAP.eventId),
    whole: false,
    act: async (page) => {
      await page.getByRole('button', { name: 'Replay' }).click();
      await page
        .getByRole('dialog')
        .getByText(/goes? to the network|go, in this order|Nothing would be sent/)
        .first()
        .waitFor();
    },
  },
  {
    name: 'real-event-copied',
    path: event(ANNA.eventId),
    whole: false,
    act: async (page) => {
      await page.getByRole('button', { name: 'Copy as curl' }).click();
      await page.getByText('Copied').waitFor();
    },
  },
  { name: 'real-dead-letters', path: '/console/dead-letters' },
  {
    name: 'real-subscriber-replay-result',
    path: subscriber(BORIS.imsi),
    whole: false,
    before: (site) => site.byHand('delete', STRANGER, BORIS.msisdn),
    act: async (page) => {
      await page.getByRole('button', { name: `Replay event ${BORIS.eventId}` }).click();
      await page.getByRole('button', { name: 'send this' }).click();
      await page.getByRole('dialog').getByText('The network has what billing wants.').waitFor();
    },
  },
  {
    name: 'real-event-discarded',
    path: '/console/dead-letters',
    act: async (page, site) => {
      await page.getByRole('button', { name: 'Discard all dead letters' }).click();
      await page.getByLabel(/Why is it discarded/).fill('the SIM is gone (ticket 4711)');
      await page.getByRole('button', { name: 'Discard 1 dead letter' }).click();
      await page.getByText('1 discarded.').waitFor();
      await page.goto(site.url + event(DORA.eventId));
      await page.getByText('the SIM is gone (ticket 4711)').first().waitFor();
    },
  },
  {
    name: 'real-event-queued',
    path: '/console/',
    before: async (site) => {
      site.core.setFaults({ error_rate: 1, error_as: 503 });
      await site.post(CLARA);
      const asked = site.asked.length;
      await until('it was tried again', () => site.asked.length > asked + 1);
    },
    act: async (page, site) => {
      await page.goto(site.url + event(CLARA.eventId));
      await page.getByRole('heading', { name: 'Answer to NSPS' }).waitFor();
    },
  },
  { name: 'real-subscriber-waiting', path: subscriber(CLARA.imsi) },
  {
    name: 'real-overview-outage',
    path: '/console/',
    act: (page) => page.getByText('The network is not well').waitFor(),
  },
  { name: 'real-audit', path: '/console/audit' },
  {
    name: 'real-explain-good',
    path: '/console/explain',
    act: (page) => explained(page, JSON.stringify(swap(), null, 2), 'Answer to NSPS'),
  },
  {
    name: 'real-explain-bad-json',
    path: '/console/explain',
    act: async (page) => {
      await page.getByLabel('Event, as NSPS sends it').fill('{"event_id": "e-1", "data": {');
      await page.getByRole('button', { name: 'Explain', exact: true }).click();
      await page.getByRole('alert').or(page.getByText('Answer to NSPS')).first().waitFor();
    },
  },
  {
    name: 'real-explain-refused',
    path: '/console/explain',
    act: (page) => explained(page, JSON.stringify(rejected(), null, 2), 'Answer to NSPS'),
  },
];

/** Of the demo: nothing else has a core inside. */
export const DEMO: readonly Scene<{ url: string; token: string }>[] = [
  {
    name: 'real-simulator',
    path: '/console/simulator',
    act: (page) => page.getByRole('link', { name: 'Simulator' }).waitFor({ state: 'attached' }),
  },
  { name: 'real-overview-demo', path: '/console/' },
];
