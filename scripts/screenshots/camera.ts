import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { settled, signIn } from '../../test/helpers/browser.ts';

/** A page of the console in one of the states a user meets it in. */
export interface Scene<Site> {
  /** Page and state: the beginning of the pictures' names. */
  readonly name: string;
  readonly path: string;
  /** Brings what is behind the console into that state. */
  readonly before?: (site: Site) => unknown;
  /** What the user does, and the sign that it is done. */
  readonly act?: (page: Page, site: Site) => Promise<void>;
  readonly signedOut?: boolean;
  /** All of the page, however long; else what the window shows, as for dialogs. */
  readonly whole?: boolean;
  readonly sizes?: readonly Size[];
}

const SIZES = { laptop: { width: 1366, height: 768 }, phone: { width: 390, height: 844 } } as const;
export type Size = keyof typeof SIZES;
const THEMES = ['light', 'dark'] as const;
/** Far more than anything takes; only a scene that has gone out of date gets there. */
const LONGEST_MS = 10_000;

interface Site {
  readonly url: string;
  readonly token: string;
}

/**
 * Goes where a scene is and takes it in every size and theme: `page-state-size-theme.png`.
 * @param context of the site: whoever signed in for one scene is signed in for the next.
 */
export async function shoot<S extends Site>(context: BrowserContext, site: S, scene: Scene<S>, folder: string) {
  const { sizes = ['laptop', 'phone'] as const } = scene;
  await scene.before?.(site);
  const page = await context.newPage();
  page.setDefaultTimeout(LONGEST_MS);
  await page.setViewportSize(SIZES[sizes[0] ?? 'laptop']);
  await enter(page, site, scene);
  await scene.act?.(page, site);
  for (const size of sizes) await takeBoth(page, scene, size, folder);
  await page.close();
}

async function enter(
  page: Page,
  { url, token }: Site,
  { path, signedOut = false }: Pick<Scene<Site>, 'path' | 'signedOut'>,
) {
  await page.goto(url + path);
  const form = page.getByLabel('Console token');
  await form.or(page.locator('main:not(.sign-in)')).first().waitFor();
  if (signedOut) return;
  if (await form.isVisible()) await signIn(page, token);
  await settled(page);
}

async function takeBoth(
  page: Page,
  { name, whole = true }: Pick<Scene<Site>, 'name' | 'whole'>,
  size: Size,
  folder: string,
) {
  await page.setViewportSize(SIZES[size]);
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    if (whole) await widen(page, SIZES[size]);
    await page.evaluate(TWO_FRAMES);
    await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
  }
}

/** A window as high as the page: what stays in place while the page moves is where it belongs. */
async function widen(page: Page, { width, height }: { width: number; height: number }): Promise<void> {
  await page.mouse.move(0, 0);
  const whole = await page.evaluate<number>('document.documentElement.scrollHeight');
  await page.setViewportSize({ width, height: Math.max(height, whole) });
}

/** Charts are drawn anew in the frame after the window or the colours changed. */
const TWO_FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';
