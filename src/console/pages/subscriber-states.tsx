import type { SubscriberView, WantedView } from '../../contract/admin.ts';
import { stampText } from '../lib/time-text.ts';
import { statusText, wantedTitle } from '../lib/words.ts';
import { Badge, EventLink } from '../parts/bits.tsx';

type State = WantedView['state'];

const ROWS: readonly (readonly [label: string, field: Exclude<keyof State, 'imsi'>])[] = [
  ['Status', 'status'],
  ['Number', 'msisdn'],
  ['CS profile', 'csProfile'],
  ['EPS profile', 'epsProfile'],
];

/** What billing wants beside what the network confirmed; where they differ is marked. */
export function Comparison({ view }: { view: SubscriberView }) {
  const { applied } = view;
  // Nothing newer is wanted once the network has confirmed it.
  const wanted = view.desired ?? applied;
  if (!wanted) return null;
  return (
    <section aria-labelledby="comparison">
      <div class="section-head">
        <h2 id="comparison">Billing and network side by side</h2>
      </div>
      <div class="panel table-panel">
        <table class="table comparison">
          <thead>
            <tr>
              <th scope="col">
                <span class="offscreen">What</span>
              </th>
              <th scope="col">{wantedTitle(view)}</th>
              <th scope="col">Network has</th>
            </tr>
          </thead>
          <tbody>
            {ROWS.map(([label, field]) => (
              <Row key={field} label={label} field={field} wanted={wanted} applied={applied} />
            ))}
            <tr class="said-by">
              <th scope="row">Said by</th>
              <td>
                <Source of={wanted} />
              </td>
              <td>{applied ? <Source of={applied} /> : <span class="quiet">–</span>}</td>
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface RowProps {
  readonly label: string;
  readonly field: Exclude<keyof State, 'imsi'>;
  readonly wanted: WantedView;
  readonly applied: WantedView | null;
}

function Row({ label, field, wanted, applied }: RowProps) {
  const held = heldIn(applied);
  const isGone = wanted.action === 'delete';
  const differs = held !== null && (isGone || wanted.state[field] !== held.state[field]);
  return (
    <tr class={differs ? 'differs' : ''}>
      <th scope="row">
        {label}
        {differs && <Badge tone="warn">differs</Badge>}
      </th>
      <td>{isGone ? <span class="quiet">SIM deleted</span> : <Value field={field} state={wanted.state} />}</td>
      <td>{held ? <Value field={field} state={held.state} /> : <span class="quiet">{absence(applied)}</span>}</td>
    </tr>
  );
}

/** A state that the network holds: not one that it had nobody for, nor one that was deleted. */
function heldIn(applied: WantedView | null): WantedView | null {
  return applied?.missing || applied?.action === 'delete' ? null : applied;
}

/** Why the network holds none. */
function absence(applied: WantedView | null): string {
  if (applied === null) return 'not confirmed';
  return applied.action === 'delete' ? 'SIM deleted' : 'SIM not known';
}

function Value({ field, state }: { field: RowProps['field']; state: State }) {
  const value = state[field];
  if (value === null) return <span class="quiet">none</span>;
  if (field !== 'status') return <span class="mono">{value}</span>;
  return <span title={value}>{statusText(value)}</span>;
}

function Source({ of: { eventId, action, version } }: { of: WantedView }) {
  return (
    <>
      <EventLink id={eventId} short /> <span class="quiet">({action})</span>
      {Object.entries(version).map(([name, stamp]) => (
        <span key={name} class="stamps quiet">
          {name} <span class="mono">{stampText(stamp)}</span>
        </span>
      ))}
    </>
  );
}
