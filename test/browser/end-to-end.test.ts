import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import {
  axe,
  axeInBothThemes,
  findBrowser,
  isTooWide,
  openBrowser,
  settled,
  signedIn,
  signIn,
  type Watch,
  watch,
} from '../helpers/browser.ts';
import { ConsoleSite, eventOf } from '../helpers/console-site.ts';
import { anEvent } from '../helpers/events.ts';
import { until } from '../helpers/polling.ts';

/** The console against nothing made up: the built connector, its database, and a core with rules of its own. */

const program = findBrowser();
const skip = program === null ? 'no browser' : false;

const ANNA = { eventId: 'e-anna', imsi: '001010000020349', msisdn: '380661310764' };
const BORIS = { eventId: 'e-boris', imsi: '001010000020350', msisdn: '380661310765' };
const CLARA = { eventId: 'e-clara', imsi: '001010000020351', msisdn: '380661310766' };
/** Of Anna, with words that nobody expects and nothing breaks. */
const ENDLESS = { event_id: 'e-endless', event_type: `Type/${'W'.repeat(300)}`, sim_info: { imsi: ANNA.imsi } };
/** What the core says to Clara's event where a test has it refuse one. */
const REFUSED = 'Simulated fault 422';
/** Known to the core only, and in the way of whoever gets the number. */
const STRANGER = '001010000029999';

let browser: Browser;
let site: ConsoleSite;
let page: Page;
let seen: Watch;

/** Signs in; from here on, whatever a page does wrong is noted. */
async function open(path: string): Promise<void> {
  page = await signedIn(browser, site, path);
  seen = watch(page.context(), site.url);
  await settled(page);
}

const dialog = () => page.getByRole('dialog');
const heldBy = (imsi: string) => site.core.subscribers.get(imsi);
const tile = (label: string) => page.locator('.tile').filter({ hasText: label }).locator('.tile-value');

async function reads(what: string, locator: ReturnType<typeof tile>, pattern: RegExp): Promise<void> {
  await until(`${what} reads ${pattern}`, async () => pattern.test((await locator.textContent()) ?? ''));
}

/** How many events of an outcome the chart tells of. */
async function charted(outcome: string): Promise<number> {
  const legend = page.locator('figure', { hasText: 'What NSPS was told' }).locator('.legend li');
  const [text = ''] = (await legend.filter({ hasText: outcome }).allTextContents()) as [string?];
  return Number(/\d+$/.exec(text.trim())?.[0] ?? 0);
}

describe('console and connector', { skip }, () => {
  before(async () => {
    browser = await openBrowser(program ?? '');
  });
  after(async () => await browser.close());
  beforeEach(async () => {
    site = await ConsoleSite.start();
    seen = { errors: [], foreign: [] };
  });
  afterEach(async () => {
    await page.context().close();
    await site[Symbol.asyncDispose]();
    assert.deepEqual(seen, { errors: [], foreign: [] });
  });

  test('nobody is let in with a wrong token; who has the right one is, until he signs out', async () => {
    page = await browser.newPage();
    seen = watch(page.context(), site.url);
    await page.goto(`${site.url}/console/audit`);
    await page.getByLabel('Console token').fill('token-of-nsps-0123456789');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('This is not the token of the console').waitFor();
    assert.deepEqual(await axe(page), []);

    const [refused = '', ...others] = seen.errors.splice(0);
    assert.match(refused, /status of 401/, 'the browser itself notes it');
    assert.deepEqual(others, []);

    await signIn(page, site.token);
    await page.getByRole('row').filter({ hasText: 'sign-in refused' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Console token').waitFor();
    await page.reload();
    await page.getByLabel('Console token').waitFor();
    assert.equal((await page.request.get(`${site.url}/admin/v1/overview`)).status(), 401);
  });

  test('a subscriber is found by number, and what the core lost is sent again', async () => {
    assert.deepEqual(await site.post(ANNA), [202]);
    await until('the core has her', () => heldBy(ANNA.imsi));
    site.byHand('delete', ANNA.imsi, ANNA.msisdn);
    await open('/console/');
    await page.keyboard.press('/');
    await page.keyboard.type(ANNA.msisdn);
    await page.keyboard.press('Enter');
    await page.getByText('The network has what billing wants.').waitFor();
    assert.ok(page.url().endsWith(`/console/subscribers/${ANNA.imsi}`));
    assert.match((await page.getByRole('row', { name: 'Said by' }).textContent()) ?? '', /i_event 1204417/);

    const before = site.asked.length;
    await page.getByRole('button', { name: 'Resync' }).click();
    await dialog().getByText(`"imsi": "${ANNA.imsi}"`).waitFor();
    assert.equal(site.asked.length, before, 'nothing goes before it is confirmed');
    assert.deepEqual(await axeInBothThemes(page), []);
    await dialog().getByRole('button', { name: 'send this' }).click();
    await dialog().getByText('The network has what billing wants.').waitFor();
    assert.equal(site.asked.length, before + 1);
    assert.deepEqual(heldBy(ANNA.imsi), {
      imsi: ANNA.imsi,
      subscriber_status: 'serviceGranted',
      msisdn: [ANNA.msisdn],
      cs_profile: 'cs-gold',
      eps_profile: 'eps-gold',
    });
  });

  test('a dead letter tells why; once the core is mended it is replayed, and the core has it', async () => {
    site.byHand('update', STRANGER, BORIS.msisdn);
    await site.post(BORIS);
    const why = `MSISDN ${BORIS.msisdn} is already used by IMSI ${STRANGER}`;
    await open(`/console/subscribers/${BORIS.imsi}`);
    await page.getByText(`“${why}” (HTTP`).waitFor();
    await page.goto(`${site.url}/console/`);
    await page.getByText('The connector gave up on 1 subscriber').waitFor();
    await page.getByRole('link', { name: 'see the dead letters' }).click();
    await page.getByRole('link', { name: 'MSISDN … is already used by IMSI …' }).click();
    await page.getByRole('button', { name: `Replay ${BORIS.imsi}` }).waitFor();
    assert.deepEqual(await axe(page), []);

    site.byHand('delete', STRANGER, BORIS.msisdn);
    await page.getByRole('button', { name: `Replay ${BORIS.imsi}` }).click();
    await dialog().getByText(`"imsi": "${BORIS.imsi}"`).waitFor();
    assert.equal(heldBy(BORIS.imsi), null);
    assert.deepEqual(await axeInBothThemes(page), []);
    await dialog().getByRole('button', { name: 'Replay 1 dead letter' }).click();
    await dialog().getByText('1 to be sent again.').waitFor();
    assert.deepEqual(await axeInBothThemes(page), []);
    await until('the core has him', () => heldBy(BORIS.imsi)?.msisdn.includes(BORIS.msisdn));
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('Nobody is left here.').waitFor();

    await page.goto(`${site.url}/console/events/${BORIS.eventId}`);
    const calls = page.locator('.chapter', { hasText: 'Calls to the network' });
    await calls.getByText(`“${why}”`).waitFor();
    assert.deepEqual(await calls.locator('.attempts .badge').allTextContents(), ['refused', 'done']);
    assert.doesNotMatch((await calls.textContent()) ?? '', /no answer/);
    await page.getByText('processed').first().waitFor();
  });

  test('a dead letter is discarded for a reason, which is kept', async () => {
    site.core.setFaults({ script: [{ as: 422 }] });
    await site.post(CLARA);
    await open('/console/dead-letters');
    await page.getByRole('button', { name: `Discard dead letters: ${REFUSED}` }).click();
    await dialog()
      .getByLabel(/Why is it discarded/)
      .fill('the SIM is gone (ticket 4711)');
    assert.deepEqual(await axeInBothThemes(page), []);
    await dialog().getByRole('button', { name: 'Discard 1 dead letter' }).click();
    await dialog().getByText('1 discarded.').waitFor();
    await dialog().getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('There are no dead letters.').waitFor();

    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('row').filter({ hasText: 'discard' }).filter({ hasText: 'ticket 4711' }).first().waitFor();
    await page.goto(`${site.url}/console/events/${CLARA.eventId}`);
    await page.locator('.chapter', { hasText: 'Calls to the network' }).getByText('HTTP 422').waitFor();
    await page.getByText(`“${REFUSED}”`).waitFor();
    await page.getByText('the SIM is gone (ticket 4711)').waitFor();
    await page.goto(`${site.url}/console/subscribers/${CLARA.imsi}`);
    await page.getByText('Nothing is wanted for this subscriber.').waitFor();
  });

  test('the overview moves with what happens, and tells an outage from a good day', async () => {
    await open('/console/');
    await page.clock.install();
    await page.reload();
    await page.getByText('All is well').waitFor();
    await page.getByText('No event has come yet.').waitFor();
    await site.post(ANNA);
    await reads('the tile', tile('Last minute').first(), /^1 event$/);
    site.core.setFaults({ error_rate: 1, error_as: 503 });
    await site.post(BORIS);
    await reads('the backlog', tile('Backlog'), /^1$/);
    site.core.setFaults({});
    await reads('the backlog', tile('Backlog'), /^0$/);
    await page.getByText('All is well').waitFor();
    await page.getByRole('row').filter({ hasText: BORIS.imsi }).getByText('processed').waitFor();
    // The charts are asked for again by themselves, but more seldom than a test has patience for.
    await page.clock.fastForward('00:10');
    await until('the chart has both', async () => (await charted('queued')) === 2);
  });

  test('an event that is pasted is explained by the rules of this connector, and goes nowhere', async () => {
    await open('/console/explain');
    await page.getByLabel('Event, as NSPS sends it').fill(JSON.stringify(eventOf({ ...ANNA, blocked: true })));
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page.getByText('"subscriber_status": "operatorDeterminedBarring"').waitFor();
    assert.deepEqual(await axe(page), []);
    await page.getByRole('link', { name: 'Events', exact: true }).click();
    await page.getByText('No event is like that.').or(page.getByText('No event has come yet.')).waitFor();
    assert.deepEqual(site.asked, []);
  });

  const PATHS = [
    '/console/',
    `/console/subscribers?search=${ANNA.msisdn}`,
    `/console/subscribers/${ANNA.imsi}`,
    `/console/subscribers/${CLARA.imsi}`,
    '/console/events',
    `/console/events/${ANNA.eventId}`,
    `/console/events/${CLARA.eventId}`,
    `/console/events/${ENDLESS.event_id}`,
    '/console/dead-letters',
    `/console/dead-letters?why=${encodeURIComponent(REFUSED)}`,
    '/console/explain',
    '/console/audit',
  ];
  test('every page of a connector at work, light and dark: nothing axe finds, nothing too wide', async () => {
    await site.post(ANNA);
    await until('the core has her', () => heldBy(ANNA.imsi));
    site.core.setFaults({ script: [{ as: 422 }] });
    await site.post(CLARA);
    await site.postEvents(anEvent(ENDLESS));
    await open('/console/');
    await page.getByText('The connector gave up on 1 subscriber').waitFor();
    for (const path of PATHS) {
      await page.goto(site.url + path);
      await settled(page);
      assert.deepEqual(await axeInBothThemes(page), [], path);
      assert.equal(await isTooWide(page), false, path);
    }
  });
});
