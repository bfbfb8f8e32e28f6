import type { Overview } from '../../contract/admin.ts';
import { isSignedIn } from './api.ts';
import { Cell } from './cell.ts';
import { setServerTime } from './clock.ts';
import { session } from './session.ts';

/** The connector speaks every second: after so long without a word, what is shown is old. */
const STALE_AFTER_MS = 4_000;
const TRY_AGAIN_MS = 2_000;
const PATH = '/admin/v1/overview/stream';

export interface Live {
  readonly overview: Overview | null;
  /** When the last word came, by this machine's clock. */
  readonly heardAt: number | null;
  readonly stale: boolean;
}

const SILENT: Live = { overview: null, heardAt: null, stale: false };

/** What the connector says of itself, every second. */
export const live = new Cell<Live>(SILENT);

let source: EventSource | null = null;
let again: number | undefined;

/** Listens while somebody is signed in and looks: a browser has few connections to one place, and a tab in the background needs none. */
export function startLive(): void {
  session.watch((now) => {
    if (now === 'in') listen();
    else stop(now === 'out');
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) stop(false);
    else if (session.value === 'in') listen();
  });
  setInterval(markStale, 1_000);
}

function listen(): void {
  stop(false);
  if (document.hidden) return;
  source = new EventSource(PATH);
  source.addEventListener('overview', (event: MessageEvent<string>) => hear(event.data));
  source.addEventListener('error', () => {
    markStale();
    // A browser tries again by itself unless the answer was an error.
    if (source?.readyState === EventSource.CLOSED) again = window.setTimeout(askAndListen, TRY_AGAIN_MS);
  });
}

function stop(forget: boolean): void {
  window.clearTimeout(again);
  source?.close();
  source = null;
  if (forget) live.value = SILENT;
}

function hear(data: string): void {
  const overview = JSON.parse(data) as Overview;
  setServerTime(overview.at);
  live.value = { overview, heardAt: Date.now(), stale: false };
}

function markStale(): void {
  const { heardAt, stale } = live.value;
  if (stale || heardAt === null || document.hidden || session.value !== 'in') return;
  const broken = source !== null && source.readyState !== EventSource.OPEN;
  if (broken || Date.now() - heardAt > STALE_AFTER_MS) live.value = { ...live.value, stale: true };
}

/** The stream does not say why it was refused: the session may have ended. */
async function askAndListen(): Promise<void> {
  try {
    if (!(await isSignedIn())) session.value = 'ended';
  } catch {
    // The connector is away: trying again is all there is.
  }
  if (session.value === 'in') listen();
}
