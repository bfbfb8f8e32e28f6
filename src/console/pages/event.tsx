import { useState } from 'preact/hooks';
import type { EventStory } from '../../contract/admin.ts';
import { useGet } from '../lib/load.ts';
import { hrefs } from '../lib/router.ts';
import { zoneName } from '../lib/time-text.ts';
import { counted, type EventState, type Tone } from '../lib/words.ts';
import { Age, Badge, CopyButton, ImsiLink, Json, StateBadge, Time, VerdictBadge } from '../parts/bits.tsx';
import { Icon } from '../parts/icons.tsx';
import { SendDialog } from '../parts/send-dialog.tsx';
import { PageHead, Show } from '../parts/states.tsx';
import { Attempts, Chapter, Checks, RequestsChapter, Walk } from '../parts/story.tsx';
import { Decided } from './event-decided.tsx';

/** Verdicts of subscribers for whom something is still to come. */
const MOVING: ReadonlySet<string> = new Set(['waiting', 'unsettled']);
const LOOK_AGAIN_MS = 2_000;

/** One event, from NSPS to the network and back. */
export function EventPage({ id }: { id: string }) {
  const path = `/admin/v1/events/${encodeURIComponent(id)}`;
  const [open, setOpen] = useState(false);
  const [lively, setLively] = useState(false);
  const story = useGet<EventStory>(path, lively ? LOOK_AGAIN_MS : 0);
  const isLively = story.value?.subscribers.some(({ verdict }) => MOVING.has(verdict)) ?? false;
  if (isLively !== lively) setLively(isLively);
  const imsis = story.value?.subscribers.map(({ imsi }) => imsi) ?? [];
  return (
    <>
      <PageHead
        title={
          <>
            Event <span class="mono breakable">{id}</span>
          </>
        }
        about={story.value && <About story={story.value} />}
      >
        {story.value && <CopyButton text={story.value.curl} label="Copy as curl" />}
        {story.value && (
          <button type="button" class="button primary" onClick={() => setOpen(true)}>
            <Icon name="again" />
            Replay
          </button>
        )}
      </PageHead>
      <Show of={story} what="the event">
        {(value) => <Story story={value} />}
      </Show>
      {open && (
        <SendDialog
          title={`Replay event ${id}`}
          verb="Replay"
          path={`${path}/replay`}
          imsis={imsis}
          onClose={() => setOpen(false)}
          onSent={story.reload}
        />
      )}
    </>
  );
}

function About({ story: { summary } }: { story: EventStory }) {
  return (
    <>
      <StateBadge state={summary.state} /> {summary.type} · received <Age at={summary.receivedAt} />
      {summary.why !== null && <> · {summary.why}</>}
    </>
  );
}

function Story({ story }: { story: EventStory }) {
  const { today, attempts } = story;
  return (
    <div class="with-side">
      <ol class="story">
        <Received story={story} />
        <Checks explanation={today} />
        <Walk explanation={today} note={<Decided decided={story.decided} today={today.decision} />} />
        <RequestsChapter explanation={today} title="Request to the network" />
        <Attempts attempts={attempts} />
        <Answer story={story} />
      </ol>
      <aside class="side">
        <Now story={story} />
        <section class="panel pad" aria-labelledby="raw">
          <div class="section-head">
            <h2 id="raw">As NSPS sent it</h2>
            {story.raw.masked ? (
              <Badge tone="muted" title="LOG_PII=mask">
                masked
              </Badge>
            ) : (
              <CopyButton text={story.raw.text} label="Copy" small />
            )}
          </div>
          <Json value={story.raw.text} label="The event as NSPS sent it" />
        </section>
      </aside>
    </div>
  );
}

function Received({ story: { summary, requestId, uniqueId } }: { story: EventStory }) {
  return (
    <Chapter title="Received from NSPS" tone="ok">
      <dl class="walk">
        <div>
          <dt>When</dt>
          <dd>
            <Time at={summary.receivedAt} /> <span class="quiet">{zoneName()}</span>
            {summary.deliveries > 1 && (
              <>
                {', '}
                {counted(summary.deliveries, 'delivery', 'deliveries')} in all; last change{' '}
                <Time at={summary.updatedAt} />
              </>
            )}
          </dd>
        </div>
        <div>
          <dt>x-b3-traceid</dt>
          <dd class="mono breakable">{requestId}</dd>
        </div>
        <div>
          <dt>x-request-id</dt>
          <dd class="mono breakable">{uniqueId}</dd>
        </div>
      </dl>
    </Chapter>
  );
}

function answerTone(status: number): Tone {
  if (status < 300) return 'ok';
  return status < 500 ? 'warn' : 'bad';
}

function Answer({ story: { answer, summary } }: { story: EventStory }) {
  const tone = answerTone(answer.status);
  // What went wrong after NSPS was told that it is taken care of is no part of what it was told.
  const wasTold = answer.status >= 300 || TOLD_AT_ONCE.has(summary.state);
  return (
    <Chapter title="Answer to NSPS" tone={tone}>
      <p>
        <Badge tone={tone}>HTTP {answer.status}</Badge> {wasTold && answer.why}
      </p>
      <p class="quiet">
        {answer.status < 300
          ? `NSPS is done with it${LEFT[summary.state] ?? ''}.`
          : 'NSPS keeps the event and sends it again.'}
      </p>
    </Chapter>
  );
}

/** What is left to do, and for whom, once NSPS has its answer. */
const LEFT: Partial<Record<EventState, string>> = {
  queued: '; the connector applies it',
  dead: '; the connector gave up, and waits for an operator',
  discarded: '; an operator discarded it',
};

/** Where an event stands from the moment it was answered: the reason is the one NSPS was given. */
const TOLD_AT_ONCE: ReadonlySet<EventState> = new Set(['processed', 'ignored', 'superseded']);

function Now({ story: { subscribers, summary } }: { story: EventStory }) {
  return (
    <section class="panel pad" aria-labelledby="now">
      <h2 id="now">{subscribers.length > 1 ? 'Its subscribers now' : 'Its subscriber now'}</h2>
      {subscribers.length === 0 && (
        <p class="quiet">{summary.imsi === null ? 'It is about nobody.' : 'Nothing is known of the subscriber.'}</p>
      )}
      <ul class="plain">
        {subscribers.map(({ imsi, verdict }) => (
          <li key={imsi} class="standing">
            <ImsiLink imsi={imsi} /> <VerdictBadge verdict={verdict} />{' '}
            <a class="others" href={hrefs.events(new URLSearchParams({ imsi }).toString())}>
              all events<span class="offscreen"> of {imsi}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
