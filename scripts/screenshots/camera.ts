import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
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

interface SignedIn {
  readonly url: string;
  readonly token: string;
}

/** Goes where a scene is and takes it in every size and theme: `page-state-size-theme.png`. */
export async function shoot<Site extends SignedIn>(browser: Browser, site: Site, scene: Scene<Site>, folder: string) {
  const { name, sizes = ['laptop', 'phone'] as const, whole = true } = scene;
  await scene.before?.(site);
  const context = await browser.newContext({ viewport: SIZES[sizes[0] ?? 'laptop'] });
  const page = await context.newPage();
  page.setDefaultTimeout(LONGEST_MS);
  await page.goto(site.url + scene.path);
  if (!scene.signedOut) {
    await signIn(page, site.token);
    await settled(page);
  }
  await scene.act?.(page, site);
  for (const size of sizes) {
    await page.setViewportSize(SIZES[size]);
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(TWO_FRAMES);
      await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: whole });
    }
  }
  await context.close();
}

/** Charts are drawn anew in the frame after the window or the colours changed. */
const TWO_FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';
