import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { findBrowser, openBrowser } from '../../test/helpers/browser.ts';
import { ConsoleMock } from '../../test/helpers/console-mock.ts';
import { ConsoleSite, demoConsole } from '../../test/helpers/console-site.ts';
import { shoot } from './camera.ts';
import { MADE_UP } from './made-up.ts';
import { DEMO, REAL } from './real.ts';

/** Pictures of every page of the console, in every state, size and theme: `run.ts [folder] [words in the names]`. */

const [folder = 'data/screenshots', wanted = ''] = process.argv.slice(2);
const isWanted = ({ name }: { name: string }) => name.includes(wanted);

async function madeUp(browser: Browser, into: string): Promise<void> {
  for (const scene of MADE_UP.filter(isWanted)) {
    await using mock = await ConsoleMock.start();
    await using context = await browser.newContext();
    await shoot(context, mock, scene, into);
  }
}

/** All of them, since each goes on where the one before it ended. */
async function real(browser: Browser, into: string): Promise<void> {
  if (!REAL.some(isWanted)) return;
  await using site = await ConsoleSite.start();
  await using context = await browser.newContext();
  for (const scene of REAL) await shoot(context, site, scene, into);
}

async function demo(browser: Browser, into: string): Promise<void> {
  if (!DEMO.some(isWanted)) return;
  await using site = await demoConsole();
  await using context = await browser.newContext();
  for (const scene of DEMO) await shoot(context, site, scene, into);
}

const path = findBrowser();
if (path === null) throw new Error('no browser: install chromium, or put it on the PATH');
const into = resolve(folder);
await mkdir(into, { recursive: true });
const browser = await openBrowser(path);
try {
  for (const part of [madeUp, real, demo]) await part(browser, into);
} finally {
  await browser.close();
}
console.log(`The pictures are in ${into}`);
