import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { faultOf, isSignedIn } from './lib/api.ts';
import { useCell } from './lib/cell.ts';
import { startLive } from './lib/live.ts';
import { startOutsideText, visible } from './lib/outside-text.ts';
import { followLinks, hrefs, type Place, usePlace } from './lib/router.ts';
import { session } from './lib/session.ts';
import { startTheme } from './lib/theme.ts';
import { AuditPage } from './pages/audit.tsx';
import { DeadLettersPage } from './pages/dead-letters.tsx';
import { EventPage } from './pages/event.tsx';
import { EventsPage } from './pages/events.tsx';
import { ExplainPage } from './pages/explain.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { SearchPage } from './pages/search.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { SimulatorPage } from './pages/simulator.tsx';
import { SubscriberPage } from './pages/subscriber.tsx';
import { Frame } from './parts/frame.tsx';
import { Loading, PageHead } from './parts/states.tsx';

function App() {
  const state = useCell(session);
  const place = usePlace();
  const title = state === 'in' ? titleOf(place) : 'Sign in';
  useEffect(() => {
    document.title = `${visible(title)} · NSPS connector`;
  }, [title]);
  if (state === 'asking') return <Loading what="the console" />;
  if (state !== 'in') return <SignInPage />;
  return (
    <Frame>
      <Page place={place} />
    </Frame>
  );
}

function Page({ place: { parts } }: { place: Place }) {
  const [page = '', id] = parts;
  if (page === 'subscribers') return id === undefined ? <SearchPage /> : <SubscriberPage key={id} imsi={id} />;
  if (page === 'events') return id === undefined ? <EventsPage /> : <EventPage key={id} id={id} />;
  switch (page) {
    case '':
      return <OverviewPage />;
    case 'dead-letters':
      return <DeadLettersPage />;
    case 'explain':
      return <ExplainPage />;
    case 'audit':
      return <AuditPage />;
    case 'simulator':
      return <SimulatorPage />;
    default:
      return (
        <PageHead title="There is no such page">
          <a class="button" href={hrefs.overview}>
            Go to the overview
          </a>
        </PageHead>
      );
  }
}

const TITLES: Readonly<Record<string, string>> = {
  '': 'Overview',
  subscribers: 'Subscribers',
  events: 'Events',
  'dead-letters': 'Dead letters',
  explain: 'Explain',
  audit: 'Audit',
  simulator: 'Simulator',
};

function titleOf({ parts: [page = '', id] }: Place): string {
  if (id !== undefined && page === 'subscribers') return `Subscriber ${id}`;
  if (id !== undefined && page === 'events') return `Event ${id}`;
  return TITLES[page] ?? 'No such page';
}

/** A connector that is away for a moment must not look like a session that ended. */
async function askWhoIsHere(): Promise<void> {
  try {
    session.value = (await isSignedIn()) ? 'in' : 'out';
  } catch (error) {
    session.value = faultOf(error).status === 401 ? 'out' : 'in';
  }
}

startTheme();
startOutsideText();
followLinks();
startLive();
const root = document.getElementById('app');
if (root) render(<App />, root);
void askWhoIsHere();
