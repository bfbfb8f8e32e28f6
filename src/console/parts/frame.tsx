import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from '../lib/api.ts';
import { useCell } from '../lib/cell.ts';
import { type Live, live } from '../lib/live.ts';
import { hrefs, usePlace } from '../lib/router.ts';
import { session } from '../lib/session.ts';
import { type Theme, theme } from '../lib/theme.ts';
import { clockText, utcText, zoneName } from '../lib/time-text.ts';
import { numberText } from '../lib/words.ts';
import { GlobalSearch } from './global-search.tsx';
import { Icon, type IconName } from './icons.tsx';
import { Mark } from './mark.tsx';

/** What is around every page: navigation, search, whether what is shown is live. */
export function Frame({ children }: { children: ComponentChildren }) {
  const { parts, href } = usePlace();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const path = parts.join('/');
  // Another page closes the menu.
  useEffect(() => setOpen(false), [href]);
  // Another page takes the focus, as a loaded page would.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return (
    <div class="frame">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <button
          type="button"
          class="button ghost icon-only menu-button"
          aria-label="Menu"
          aria-expanded={open}
          aria-controls="nav"
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? 'close' : 'menu'} />
        </button>
        <a class="brand" href={hrefs.overview}>
          <Mark />
          <span>NSPS connector</span>
        </a>
        <GlobalSearch />
        <LiveMark />
      </header>
      <Navigation open={open} />
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

interface Entry {
  readonly part: string;
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
}

const ENTRIES: readonly Entry[] = [
  { part: '', href: hrefs.overview, label: 'Overview', icon: 'overview' },
  { part: 'subscribers', href: hrefs.search(''), label: 'Subscribers', icon: 'subscriber' },
  { part: 'events', href: hrefs.events(), label: 'Events', icon: 'events' },
  { part: 'dead-letters', href: hrefs.deadLetters(), label: 'Dead letters', icon: 'dead' },
  { part: 'explain', href: hrefs.explain, label: 'Explain', icon: 'explain' },
  { part: 'audit', href: hrefs.audit, label: 'Audit', icon: 'audit' },
];
const SIMULATOR: Entry = { part: 'simulator', href: hrefs.simulator, label: 'Simulator', icon: 'simulator' };

function Navigation({ open }: { open: boolean }) {
  const { overview } = useCell(live);
  const here = usePlace().parts[0] ?? '';
  const dead = overview?.backlog.dead ?? 0;
  const entries = overview?.simulator ? [...ENTRIES, SIMULATOR] : ENTRIES;
  const records = overview?.records ?? false;
  return (
    <nav id="nav" class={open ? 'nav is-open' : 'nav'} aria-label="Pages">
      <ul>
        {entries.map(({ part, href, label, icon }) => (
          <li key={part}>
            <a
              href={part === 'dead-letters' ? hrefs.givenUp(records) : href}
              aria-current={here === part ? 'page' : undefined}
            >
              <Icon name={icon} />
              {label}
              {part === 'dead-letters' && dead > 0 && <span class="count tabular">{numberText(dead)}</span>}
            </a>
          </li>
        ))}
      </ul>
      <div class="nav-foot">
        <ThemeChoice />
        <button type="button" class="button ghost" onClick={signOut}>
          <Icon name="out" />
          Sign out
        </button>
        {overview && (
          <p class="quiet">
            {overview.service}
            <br />
            version {overview.version}
            <br />
            times in {zoneName()}
          </p>
        )}
      </div>
    </nav>
  );
}

async function signOut(): Promise<void> {
  try {
    await send('DELETE', '/console/session');
  } finally {
    session.value = 'out';
  }
}

const THEMES: readonly (readonly [Theme, string])[] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

function ThemeChoice() {
  const chosen = useCell(theme);
  return (
    <fieldset class="segments theme-choice">
      <legend class="offscreen">Colours</legend>
      {THEMES.map(([name, label]) => (
        <label key={name} title={label}>
          <input
            type="radio"
            name="theme"
            aria-label={label}
            checked={chosen === name}
            onChange={() => {
              theme.value = name;
            }}
          />
          <span>
            <Icon name={name} />
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Whether the numbers are of now; when the stream broke, when the last word came. */
function LiveMark() {
  const { heardAt, stale }: Live = useCell(live);
  const text = heardAt === null ? 'Connecting' : stale ? `Stale since ${clockText(heardAt)}` : 'Live';
  const kind = heardAt === null ? 'waiting' : stale ? 'stale' : 'live';
  return (
    <span
      class={`live live-${kind}`}
      role="status"
      title={stale && heardAt !== null ? `Last word ${utcText(heardAt)}; connecting again` : undefined}
    >
      <span class="live-dot" aria-hidden="true" />
      <span class="live-text">{text}</span>
    </span>
  );
}
