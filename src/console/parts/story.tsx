import type { ComponentChildren } from 'preact';
import type { EventStory, Explanation } from '../../contract/admin.ts';
import { latencyText } from '../lib/time-text.ts';
import type { Tone } from '../lib/words.ts';
import { Badge, ImsiLink, Time } from './bits.tsx';
import { Requests } from './requests.tsx';

/** One station of an event's way, on a line from top to bottom. */
export function Chapter({ title, tone, children }: { title: string; tone: Tone; children: ComponentChildren }) {
  return (
    <li class={`chapter mark-${tone}`}>
      <h2>{title}</h2>
      {children}
    </li>
  );
}

/** The checks an event has to pass before anything is decided. */
export function Checks({ explanation: { decision, steps } }: { explanation: Explanation }) {
  if (!isMalformed({ decision, steps })) {
    return (
      <Chapter title="Checks" tone="ok">
        <p>Its form is in order.</p>
      </Chapter>
    );
  }
  return (
    <Chapter title="Checks" tone="bad">
      <p>The event is refused, because:</p>
      <Faults decision={decision} />
    </Chapter>
  );
}

/** What does not have the form of an event is refused before anything is asked. */
function isMalformed({ decision, steps }: Pick<Explanation, 'decision' | 'steps'>): boolean {
  return decision.kind === 'reject' && steps.length === 0;
}

function Faults({ decision }: Pick<Explanation, 'decision'>) {
  return (
    <ul class="faults">
      {decision.faults.map(({ path, message }) => (
        <li key={`${path} ${message}`}>
          <code>{path === '' ? 'the event' : path}</code> {message}
        </li>
      ))}
    </ul>
  );
}

/** Rule by rule, what was asked and what was found. */
export function Walk({ explanation, note }: { explanation: Explanation; note?: ComponentChildren }) {
  const { steps, decision } = explanation;
  return (
    <Chapter
      title="Decision"
      tone={decision.kind === 'provision' ? 'ok' : decision.kind === 'reject' ? 'bad' : 'muted'}
    >
      {steps.length > 0 && (
        <dl class="walk">
          {steps.map(({ rule, finding }, index) => (
            // A rule can be asked twice, with the same finding.
            <div key={index}>
              <dt>{rule}</dt>
              <dd>{finding}</dd>
            </div>
          ))}
        </dl>
      )}
      <p class="verdict-line">{decisionText(decision)}</p>
      {decision.kind === 'reject' && !isMalformed(explanation) && <Faults decision={decision} />}
      {note}
    </Chapter>
  );
}

function decisionText({ kind, action, reason }: Explanation['decision']): ComponentChildren {
  if (kind === 'ignore') return <>Ignored: {reason ?? 'by rule'}.</>;
  if (kind === 'record') return <>To be recorded, once.</>;
  if (kind === 'reject') return <>Rejected: NSPS is told what is wrong, and keeps the event.</>;
  return (
    <>
      To be provisioned: <strong>{action}</strong>.
    </>
  );
}

/** What goes to the network because of it. */
export function RequestsChapter({ explanation, title }: { explanation: Explanation; title: string }) {
  if (explanation.requests.length === 0) return null;
  return (
    <Chapter title={title} tone="ok">
      <Requests requests={explanation.requests} />
    </Chapter>
  );
}

/** Every call that was made, with what the network answered. */
export function Attempts({ attempts }: { attempts: EventStory['attempts'] }) {
  const last = attempts.at(-1);
  const tone = last === undefined ? 'muted' : last.result === 'done' ? 'ok' : 'bad';
  return (
    <Chapter title="Calls to the network" tone={tone}>
      {last === undefined ? (
        <p class="quiet">None was made.</p>
      ) : (
        <ol class="attempts">
          {attempts.map((attempt, index) => (
            // Attempts are only ever added at the end.
            <Attempt key={index} attempt={attempt} />
          ))}
        </ol>
      )}
    </Chapter>
  );
}

type AttemptView = EventStory['attempts'][number];

/** Of a call that was done no status is kept: there is one way to succeed. */
function statusText({ result, coreStatus }: AttemptView): string {
  if (coreStatus !== null) return `HTTP ${coreStatus}, `;
  return result === 'done' ? '' : 'no answer, ';
}

function Attempt({ attempt }: { attempt: AttemptView }) {
  const { at, imsi, action, result, why, durationMs } = attempt;
  return (
    <li>
      <Time at={at} />
      <Badge tone={result === 'done' ? 'ok' : 'bad'}>{result.replaceAll('_', ' ')}</Badge>
      <span>
        {action} <ImsiLink imsi={imsi} />
      </span>
      <span class="quiet tabular">
        {statusText(attempt)}
        {latencyText(durationMs)}
      </span>
      {why !== null && <span class="attempt-why">“{why}”</span>}
    </li>
  );
}
