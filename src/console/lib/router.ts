import { Cell, useCell } from './cell.ts';

const ROOT = '/console';

export interface Place {
  /** Under /console, decoded: `/`, `/events`, `/subscribers/001010000020349`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  /** Path and query as they stand in the address. */
  readonly href: string;
}

const place = new Cell<Place>(read());

function read(): Place {
  const { pathname, search } = window.location;
  const parts = pathname.slice(ROOT.length).split('/').filter(Boolean).map(decoded);
  return { parts, query: new URLSearchParams(search), href: pathname + search };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where the reader is. */
export function usePlace(): Place {
  return useCell(place);
}

/** Goes to a page of the console. @param to path with query. @param replace instead of the present entry of the history. */
export function go(to: string, { replace = false } = {}): void {
  const samePage = new URL(to, window.location.href).pathname === window.location.pathname;
  window.history[replace ? 'replaceState' : 'pushState'](null, '', to);
  place.value = read();
  if (!samePage) window.scrollTo(0, 0);
}

export const hrefs = {
  overview: `${ROOT}/`,
  search: (text: string) => `${ROOT}/subscribers${text === '' ? '' : `?search=${encodeURIComponent(text)}`}`,
  subscriber: (imsi: string) => `${ROOT}/subscribers/${encodeURIComponent(imsi)}`,
  events: (query = '') => `${ROOT}/events${query === '' ? '' : `?${query}`}`,
  event: (id: string) => `${ROOT}/events/${encodeURIComponent(id)}`,
  deadLetters: (why?: string) => `${ROOT}/dead-letters${why === undefined ? '' : `?why=${encodeURIComponent(why)}`}`,
  /** Where a target keeps no states there are no dead subscribers, but dead events. */
  givenUp: (records: boolean) => (records ? `${ROOT}/events?state=dead` : `${ROOT}/dead-letters`),
  explain: `${ROOT}/explain`,
  audit: `${ROOT}/audit`,
  simulator: `${ROOT}/simulator`,
} as const;

/** Links of the console change the page without loading it again; all others, and new tabs, stay the browser's. */
export function followLinks(): void {
  window.addEventListener('popstate', () => {
    place.value = read();
  });
  document.addEventListener('click', (click) => {
    if (
      click.defaultPrevented ||
      click.button !== 0 ||
      click.metaKey ||
      click.ctrlKey ||
      click.shiftKey ||
      click.altKey
    )
      return;
    const link = (click.target as Element | null)?.closest?.('a');
    if (!link) return;
    if (link.target !== '' || link.hasAttribute('download') || link.origin !== window.location.origin) return;
    if (link.pathname !== ROOT && !link.pathname.startsWith(`${ROOT}/`)) return;
    // The skip link moves within the page.
    if (link.hash !== '' && link.pathname === window.location.pathname) return;
    click.preventDefault();
    go(link.pathname + link.search);
  });
}
