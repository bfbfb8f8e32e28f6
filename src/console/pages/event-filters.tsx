import { useEffect, useState } from 'preact/hooks';
import { IMSI_PATTERN } from '../../contract/imsi.ts';
import { serverNow } from '../lib/clock.ts';
import { go, hrefs } from '../lib/router.ts';
import { inputText, zoneName } from '../lib/time-text.ts';
import { STATE_NAMES, STATES } from '../lib/words.ts';
import { Icon } from '../parts/icons.tsx';

const FIELDS = ['type', 'imsi', 'text', 'from', 'until'] as const;
type Field = (typeof FIELDS)[number];
type Fields = Readonly<Record<Field, string>>;

const TYPES = ['SIM/Updated', 'SIM/Replaced', 'SIM/Created', 'SIM/Deleted'];
const HOUR_MS = 3_600_000;
const SPANS: readonly (readonly [label: string, ms: number])[] = [
  ['15 min', HOUR_MS / 4],
  ['hour', HOUR_MS],
  ['day', 24 * HOUR_MS],
];

/** The same place with some filters set, or taken away. */
function withFilters(query: URLSearchParams, changes: Readonly<Record<string, string>>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  return hrefs.events(next.toString());
}

/** What to look for in the journal. */
export function Filters({ query }: { query: URLSearchParams }) {
  return (
    <search class="panel filters">
      <Outcomes query={query} />
      <FieldForm query={query} />
    </search>
  );
}

function Outcomes({ query }: { query: URLSearchParams }) {
  const chosen = query.get('state') ?? '';
  return (
    <nav class="chips" aria-label="Outcome">
      {['', ...STATE_NAMES].map((state) => (
        <a
          key={state}
          class="chip"
          href={withFilters(query, { state })}
          aria-current={state === chosen ? 'true' : undefined}
          title={STATES[state as keyof typeof STATES]?.about}
        >
          {state === '' ? 'all' : state}
        </a>
      ))}
    </nav>
  );
}

function readFields(query: URLSearchParams): Fields {
  const at = (name: string) => inputText(query.get(name) ?? '');
  return {
    type: query.get('type') ?? '',
    imsi: query.get('imsi') ?? '',
    text: query.get('text') ?? '',
    from: at('from'),
    until: at('until'),
  };
}

function isoOf(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

/** What is typed, and how it is followed; it begins as the address has it. */
function useFields(query: URLSearchParams) {
  const [fields, setFields] = useState(() => readFields(query));
  // The address is what the query says.
  useEffect(() => setFields(readFields(query)), [query.toString()]);
  const set = (name: Field) => (event: { currentTarget: HTMLInputElement }) => {
    const { value } = event.currentTarget;
    setFields((last) => ({ ...last, [name]: value }));
  };
  return { fields, set };
}

function FieldForm({ query }: { query: URLSearchParams }) {
  const { fields, set } = useFields(query);
  const apply = (event: Event) => {
    event.preventDefault();
    const { from, until, ...words } = fields;
    go(withFilters(query, { ...words, from: isoOf(from), until: isoOf(until) }));
  };
  return (
    <form class="filter-fields" onSubmit={apply}>
      <label class="field">
        <span>Type</span>
        <input list="event-types" value={fields.type} onInput={set('type')} placeholder="any" autocomplete="off" />
        <datalist id="event-types">
          {TYPES.map((type) => (
            <option key={type} value={type} />
          ))}
        </datalist>
      </label>
      <label class="field">
        <span>IMSI</span>
        <input
          class="mono"
          value={fields.imsi}
          onInput={set('imsi')}
          placeholder="15 digits"
          inputMode="numeric"
          pattern={IMSI_PATTERN}
          title="15 digits"
          autocomplete="off"
        />
      </label>
      <label class="field grow">
        <span>Text in the event</span>
        <input
          value={fields.text}
          onInput={set('text')}
          placeholder="letter case matters"
          autocomplete="off"
          spellcheck={false}
        />
      </label>
      <label class="field">
        <span>From ({zoneName()})</span>
        <input type="datetime-local" value={fields.from} onInput={set('from')} />
      </label>
      <label class="field">
        <span>Until ({zoneName()})</span>
        <input type="datetime-local" value={fields.until} onInput={set('until')} />
      </label>
      <Actions query={query} />
    </form>
  );
}

function Actions({ query }: { query: URLSearchParams }) {
  const filtered = query.toString() !== '';
  return (
    <div class="filter-actions">
      <Spans query={query} />
      {filtered && (
        <a class="button ghost" href={hrefs.events()}>
          Clear
        </a>
      )}
      <button type="submit" class="button primary">
        <Icon name="search" />
        Apply
      </button>
    </div>
  );
}

function Spans({ query }: { query: URLSearchParams }) {
  const last = (ms: number) => go(withFilters(query, { from: new Date(serverNow() - ms).toISOString(), until: '' }));
  return (
    <span class="spans">
      Last
      {SPANS.map(([label, ms]) => (
        <button key={label} type="button" class="link" onClick={() => last(ms)}>
          {label}
        </button>
      ))}
    </span>
  );
}
