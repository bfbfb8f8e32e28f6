import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const SWITCHES = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'];

/** Where a browser is installed; null where there is none. */
export function findBrowser(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return places.find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts a browser without a window. @param path as `findBrowser` gave it. */
export async function openBrowser(path: string): Promise<Browser> {
  return await chromium.launch({ executablePath: path, args: SWITCHES });
}

/** What a page did that no page may do. */
export interface Watch {
  /** Errors on the console, exceptions, and what the content security policy forbade. */
  readonly errors: string[];
  /** Requests to anywhere but where the page came from. */
  readonly foreign: string[];
}

/** Notes, from now on, what the pages of a context do wrong. @param url of the connector. */
export function watch(context: BrowserContext, url: string): Watch {
  const seen: Watch = { errors: [], foreign: [] };
  context.on('console', (message) => message.type() === 'error' && seen.errors.push(message.text()));
  context.on('weberror', (error) => seen.errors.push(String(error.error())));
  context.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith('data:')) seen.foreign.push(request.url());
  });
  return seen;
}

/** A page of its own, signed in by the form as anybody is. @param path of the page to begin with. */
export async function signedIn(
  browser: Browser,
  site: { readonly url: string; readonly token: string },
  path = '/console/',
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  await page.goto(site.url + path);
  await signIn(page, site.token);
  return page;
}

/** Fills in the form of the sign-in page, and waits until it is gone. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Console token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main:not(.sign-in)').waitFor();
}

/** Waits until nothing on the page is still to come. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main:not(:has(.loading))').waitFor();
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** The one rule that a theme can break. */
const COLOURS = { type: 'rule', values: ['color-contrast'] };

/**
 * Everything axe finds wrong with a page; evaluated, since the page's policy lets no script be added.
 * @param runOnly tags or rules of axe.
 */
export async function axe(page: Page, runOnly: unknown = RULES): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(AXE);
  // Only of violations does it write down where they are, which is half of its work.
  const options = { runOnly, resultTypes: ['violations'] };
  return await page.evaluate<string[]>(`axe.run(document, ${JSON.stringify(options)})
    .then(({ violations }) => violations.map(({ id, nodes }) =>
      id + ': ' + nodes.map(({ html, failureSummary }) => html.slice(0, 160) + ' ' + failureSummary).join(' | ')))`);
}

/** What axe finds in either theme. */
export async function axeInBothThemes(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await axe(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await axe(page, COLOURS);
  return [...light.map((found) => `light: ${found}`), ...dark.map((found) => `dark: ${found}`)];
}

/** Whether the page can be moved sideways, which no page may be. */
export async function isTooWide(page: Page): Promise<boolean> {
  return await page.evaluate<boolean>('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}
