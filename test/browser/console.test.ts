import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
  watch,
} from '../helpers/browser.ts';
import { HOSTILE, IMSIS, letters, REASONS } from '../helpers/console-data.ts';
import { ConsoleMock } from '../helpers/console-mock.ts';
import { until } from '../helpers/polling.ts';

const program = findBrowser();
const skip = program === null ? 'no browser' : false;
const LAPTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

let browser: Browser;
let mock: ConsoleMock;
const open: Page[] = [];

async function at(path: string, options: Parameters<typeof signedIn>[3] = {}): Promise<Page> {
  const page = await signedIn(browser, mock, path, options);
  open.push(page);
  await settled(page);
  return page;
}

async function close(): Promise<void> {
  await Promise.all(open.splice(0).map((page) => page.context().close()));
  await mock[Symbol.asyncDispose]();
}

test('what a browser has to load is small', () => {
  const file = fileURLToPath(new URL('../../dist/console/app.js', import.meta.url));
  assert.ok(statSync(file).size < 150_000, `${statSync(file).size} bytes`);
});

describe('console', { skip }, () => {
  before(async () => {
    browser = await openBrowser(program ?? '');
  });
  after(async () => await browser.close());
  beforeEach(async () => {
    mock = await ConsoleMock.start();
  });
  afterEach(close);

  const PAGES: readonly (readonly [name: string, path: () => string])[] = [
    ['overview', () => '/console/'],
    ['search', () => '/console/subscribers?search=380661310764'],
    ['nobody found', () => '/console/subscribers?search=1'],
    ['waiting subscriber', () => `/console/subscribers/${IMSIS.waiting}`],
    ['dead subscriber', () => `/console/subscribers/${IMSIS.dead}`],
    ['unknown subscriber', () => `/console/subscribers/${IMSIS.unknown}`],
    ['absent subscriber', () => `/console/subscribers/${IMSIS.absent}`],
    ['deleted subscriber', () => `/console/subscribers/${IMSIS.deleted}`],
    ['events', () => '/console/events'],
    ['event', () => `/console/events/${mock.journal[0]?.eventId}`],
    ['dead letters', () => '/console/dead-letters'],
    ['one reason', () => `/console/dead-letters?why=${encodeURIComponent(REASONS[2].why)}`],
    ['explain', () => '/console/explain'],
    ['audit', () => '/console/audit'],
    ['simulator', () => '/console/simulator'],
    ['no such page', () => '/console/elsewhere'],
  ];

  test('every page, light and dark, wide and narrow: no fault, nothing foreign, nothing axe finds', async () => {
    const page = await at('/console/');
    const seen = watch(page.context(), mock.url);
    for (const [name, path] of PAGES) {
      await page.goto(mock.url + path());
      await settled(page);
      for (const viewport of [LAPTOP, PHONE]) {
        await page.setViewportSize(viewport);
        assert.deepEqual(await axeInBothThemes(page), [], `${name}, ${viewport.width} wide`);
        assert.equal(await isTooWide(page), false, `${name}, ${viewport.width} wide, can be moved sideways`);
      }
      assert.doesNotMatch(await page.title(), /broken/);
    }
    assert.deepEqual(seen, { errors: [], foreign: [] });
  });

  test('sign-in: a wrong token is told, the right one shows the page that was asked for', async () => {
    const page = await browser.newPage();
    open.push(page);
    await page.goto(`${mock.url}/console/subscribers/${IMSIS.inStep}`);
    await page.getByLabel('Console token').fill('guess');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('This is not the token of the console').waitFor();
    assert.deepEqual(await axe(page), []);
    await signIn(page, mock.token);
    await page.getByText('The network has what billing wants.').waitFor();
  });

  test('what a SIM should be that the network does not know is not shown as what the network has', async () => {
    const page = await at(`/console/subscribers/${IMSIS.absent}`);
    await page.getByText('The network does not know this SIM.').waitFor();
    const number = page.getByRole('row', { name: /^Number/ });
    assert.deepEqual(await number.getByRole('cell').allInnerTexts(), ['none', 'SIM not known']);
  });

  test('a SIM that was deleted is not shown as what it was', async () => {
    const page = await at(`/console/subscribers/${IMSIS.deleted}`);
    await page.getByText('The SIM was deleted.').waitFor();
    const number = page.getByRole('row', { name: /^Number/ });
    assert.deepEqual(await number.getByRole('cell').allInnerTexts(), ['SIM deleted', 'SIM deleted']);
  });

  test('a session that ends leaves the page where it was', async () => {
    const page = await at('/console/events?state=dead');
    mock.endSessions();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('The session has ended').waitFor();
    assert.equal(new URL(page.url()).search, '?state=dead');
    await signIn(page, mock.token);
    await page.getByRole('heading', { name: 'Events' }).waitFor();
  });

  test('a stream that breaks is marked, with the time of the last word, until it is back', async () => {
    const page = await at('/console/');
    const mark = page.getByRole('status').filter({ hasText: /Live|Stale/ });
    await mark.getByText('Live').waitFor();
    mock.cutStream();
    await page.getByText('These numbers are old.').waitFor();
    await mark.getByText(/^Stale since \d\d:\d\d:\d\d$/).waitFor();
    mock.mendStream();
    await mark.getByText('Live').waitFor();
  });

  test('what needs a hand is said in words', async () => {
    mock.overview = {
      circuit: { state: 'open', retryInMs: 55_000, fault: null },
      store: { kind: 'sqlite', fault: 'the disk is full' },
      backlog: { waiting: 4, oldestMs: 1_000, dead: 1 },
    };
    const page = await at('/console/');
    await page.getByText('The store fails: the disk is full.').waitFor();
    await page.getByText('The network is not well').waitFor();
    await page.getByText('The connector gave up on 1 subscriber').waitFor();
    await page.getByText(/next call in \d\d s/).waitFor();
    mock.overview = { circuit: { state: 'open', retryInMs: 12_000, fault: 'share the spreadsheet' } };
    await page.getByText('Nothing can be recorded until this is mended: share the spreadsheet').waitFor();
    mock.overview = { backlog: { waiting: 0, oldestMs: null, dead: 0 } };
    await page.getByText('All is well').waitFor();
  });

  test('on a narrow screen the pages are behind a button', async () => {
    const page = await at('/console/', { viewport: PHONE });
    const link = page.getByRole('link', { name: 'Audit' });
    assert.equal(await link.isVisible(), false);
    await page.getByRole('button', { name: 'Menu' }).click();
    await link.click();
    await page.getByRole('heading', { name: 'Audit' }).waitFor();
    assert.equal(await link.isVisible(), false);
  });

  test('from the search field to a subscriber, and his state is sent again', async () => {
    const page = await at('/console/');
    await page.keyboard.press('/');
    await page.keyboard.type(IMSIS.dead);
    await page.keyboard.press('Enter');
    await page.getByText(`The connector gave up: ${REASONS[0].why}`).first().waitFor();
    const row = page.getByRole('row', { name: /CS profile/ });
    assert.match((await row.textContent()) ?? '', /differs.*cs-platinum.*cs-gold/);

    await page.getByRole('button', { name: 'Resync' }).click();
    const dialog = page.getByRole('dialog', { name: `Resync ${IMSIS.dead}` });
    await dialog.getByText('"cs_profile": "cs-platinum"').waitFor();
    assert.equal(
      mock.sent('POST', `/admin/v1/subscribers/${IMSIS.dead}/resync`).length,
      0,
      'nothing goes before it is confirmed',
    );
    await dialog.getByRole('button', { name: 'send this' }).click();
    await dialog.getByText('The network has what billing wants.').waitFor();
    assert.equal(mock.sent('POST', `/admin/v1/subscribers/${IMSIS.dead}/resync`).length, 1);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('region', { name: 'Verdict' }).getByText('in step').waitFor();
  });

  test('a number that several had leads to the choice of them', async () => {
    const page = await at('/console/');
    await page.keyboard.press('/');
    await page.keyboard.type('380661310764');
    await page.keyboard.press('Enter');
    const found = page.getByRole('table', { name: 'Subscribers found' });
    await found.getByRole('link', { name: IMSIS.inStep }).waitFor();
    assert.equal(await found.getByRole('row').count(), 3);
  });

  test('a dialog is used by keyboard alone: focus goes in, Esc closes it, focus comes back', async () => {
    const page = await at(`/console/subscribers/${IMSIS.dead}`);
    const opener = page.getByRole('button', { name: 'Resync' });
    await opener.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'send this' }).waitFor();
    const inside = 'document.activeElement.closest("dialog") !== null';
    assert.equal(await page.evaluate(inside), true);
    for (const key of ['Tab', 'Tab', 'Tab', 'Tab', 'Shift+Tab']) await page.keyboard.press(key);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.match(String(await page.evaluate('document.activeElement.textContent')), /Resync/);
    assert.deepEqual(
      mock.seen.filter(({ method }) => method === 'POST').map(({ path }) => path),
      ['/console/session'],
    );
  });

  test('dead letters of one reason are replayed, and it is shown how far it is', async () => {
    const page = await at('/console/dead-letters');
    await page.getByRole('button', { name: `Replay dead letters: ${REASONS[0].why}` }).click();
    const dialog = page.getByRole('dialog');
    assert.deepEqual(await axeInBothThemes(page), []);
    await dialog.getByRole('button', { name: 'Replay 24 dead letters' }).click();
    await dialog.getByText('24 of 24').waitFor();
    await dialog.getByText('24 to be sent again.').waitFor();
    assert.deepEqual(await axeInBothThemes(page), []);
    assert.deepEqual(
      mock.sent('POST', '/admin/v1/dead-letters/replay').map(({ body }) => body),
      [{ why: REASONS[0].why }],
    );
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('8 subscribers, 2 reasons').waitFor();
  });

  test('one dead letter is shown as it will be sent', async () => {
    const page = await at(`/console/dead-letters?why=${encodeURIComponent(REASONS[0].why)}`);
    await page.getByRole('button', { name: `Replay ${IMSIS.dead}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('"cs_profile": "cs-platinum"').waitFor();
    await dialog.getByRole('button', { name: 'Replay 1 dead letter' }).click();
    await dialog.getByText('1 to be sent again.').waitFor();
    const [seen] = letters(REASONS[0].why, 1);
    assert.deepEqual(
      mock.sent('POST', '/admin/v1/dead-letters/replay').map(({ body }) => body),
      [{ letters: [{ imsi: IMSIS.dead, eventId: seen?.eventId }] }],
    );
  });

  test('nothing is discarded without a reason', async () => {
    const page = await at('/console/dead-letters');
    await page.getByRole('button', { name: 'Discard all dead letters' }).click();
    const button = page.getByRole('dialog').getByRole('button', { name: 'Discard 32 dead letters' });
    assert.equal(await button.isDisabled(), true);
    const reason = page.getByLabel(/Why are they discarded/);
    await reason.fill('  x ');
    assert.equal(await button.isDisabled(), true);
    await reason.fill('the SIMs are gone (ticket 4711)');
    await button.click();
    await page.getByRole('dialog').getByText('32 discarded.').waitFor();
    const body = { chosen: { all: true }, reason: 'the SIMs are gone (ticket 4711)' };
    assert.deepEqual(mock.sent('POST', '/admin/v1/dead-letters/discard')[0]?.body, body);
  });

  test('filters stand in the address, older events are added, and the end is told', async () => {
    const page = await at('/console/events');
    await page.getByText('50 events shown').waitFor();
    await page.getByRole('button', { name: 'Older events' }).click();
    await page.getByText('100 events shown').waitFor();
    await page.getByRole('link', { name: 'rejected', exact: true }).click();
    await until('the address says so', () => new URL(page.url()).search === '?state=rejected');
    await page.getByLabel('Text in the event').fill('not in any event');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText(/^Looked back to /).waitFor();
    assert.match(page.url(), /state=rejected&text=not\+in\+any\+event$/);
    assert.match(
      (await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href')) ?? '',
      /^\/admin\/v1\/events\.csv\?state=rejected&text=/,
    );
    await page.getByRole('button', { name: 'Go on looking' }).click();
    await page.getByText('No event is like that.').waitFor();
    await page.goBack();
    await page.getByText(/^\d+ events shown, no more$/).waitFor();
  });

  test('an event’s story shows what outsiders wrote as text', async () => {
    const page = await at(`/console/events/${mock.journal[0]?.eventId}`);
    const chapters = await page.locator('.chapter h2').allTextContents();
    assert.deepEqual(chapters, [
      'Received from NSPS',
      'Checks',
      'Decision',
      'Request to the network',
      'Calls to the network',
      'Answer to NSPS',
    ]);
    await page.getByText(HOSTILE).waitFor();
    const dead = mock.journal.find(({ state }) => state === 'dead');
    await page.goto(`${mock.url}/console/events/${dead?.eventId}`);
    await page.getByRole('heading', { name: 'Answer to NSPS' }).waitFor();
    const answer = await page.locator('.chapter').last().textContent();
    assert.doesNotMatch(answer ?? '', /No such profile/, 'NSPS was told 202 before the network refused');
    await page.goto(`${mock.url}/console/events/none`);
    await page.getByText('There is no event none in the journal').waitFor();
  });

  test('what turns a text around is shown instead of done, on whatever page', async () => {
    const dead = mock.journal.find(({ state }) => state === 'dead');
    const id = 'e-\u202eevil\u202c';
    Object.assign(dead ?? {}, { eventId: id, type: 'SIM/\u2067x', why: 'No such \u202dprofile' });
    const page = await at('/console/events');
    await page.getByText('No such \\u202dprofile').first().waitFor();
    await page.getByRole('link', { name: 'e-\\u202eevil\\u202c' }).click();
    await page.getByRole('heading', { name: 'Answer to NSPS' }).waitFor();
    assert.equal(decodeURIComponent(new URL(page.url()).pathname), `/console/events/${id}`, 'it is the same event');
    const body = await page.locator('body').innerText();
    assert.match(body, /e-\\u202eevil\\u202c/);
    assert.doesNotMatch(body, /[\u202a-\u202e\u2066-\u2069]/);
  });

  test('explain walks the example, and names what is wrong with another', async () => {
    const page = await at('/console/explain');
    await page.getByRole('button', { name: 'Example' }).click();
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page.getByText('open, not blocked → serviceGranted').waitFor();
    await page.getByLabel('Event, as NSPS sends it').fill('{"event_id":"e"}');
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
    await page.getByText('pb_data.account_info.bill_status').waitFor();
    assert.deepEqual(await axe(page), []);
  });

  test('the colours that were chosen are kept', async () => {
    const page = await at('/console/', { colorScheme: 'light' });
    const ground = 'getComputedStyle(document.body).backgroundColor';
    const light = await page.evaluate(ground);
    await page.getByLabel('Dark', { exact: true }).check();
    const dark = await page.evaluate(ground);
    assert.notEqual(dark, light);
    await page.reload();
    await settled(page);
    assert.equal(await page.evaluate(ground), dark);
  });
});
