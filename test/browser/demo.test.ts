import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeInBothThemes, findBrowser, isTooWide, openBrowser, signedIn, watch } from '../helpers/browser.ts';
import { demoConsole } from '../helpers/console-site.ts';

const program = findBrowser();
const skip = program === null ? 'no browser' : false;

test('the demo shows who is on its simulator, and an event of his can be sent again', { skip }, async () => {
  await using demo = await demoConsole();
  await using browser = await openBrowser(program ?? '');
  const page = await signedIn(browser, demo, '/console/simulator');
  const seen = watch(page.context(), demo.url);
  await page.getByRole('table', { name: 'Subscribers on the core simulator' }).waitFor();
  await page.getByRole('link', { name: 'Simulator' }).waitFor();
  assert.deepEqual(await axeInBothThemes(page), []);
  assert.equal(await isTooWide(page), false);

  await page.getByRole('table').getByRole('link').last().click();
  await page.getByRole('button', { name: 'Replay event' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Replay event' });
  const send = dialog.getByRole('button', { name: /^Replay: send/ });
  await send.waitFor();
  assert.deepEqual(await axeInBothThemes(page), []);
  await send.click();
  await dialog.getByText('The network has what billing wants.').first().waitFor();
  assert.deepEqual(await axeInBothThemes(page), []);
  assert.deepEqual(seen, { errors: [], foreign: [] });
});
