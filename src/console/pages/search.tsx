import { useEffect, useState } from 'preact/hooks';
import type { Match, Matches } from '../../contract/admin.ts';
import { isImsi } from '../../contract/imsi.ts';
import { withQuery } from '../lib/api.ts';
import { useGet } from '../lib/load.ts';
import { go, hrefs, usePlace } from '../lib/router.ts';
import { Badge, ImsiLink } from '../parts/bits.tsx';
import { Icon } from '../parts/icons.tsx';
import { Empty, PageHead, Show } from '../parts/states.tsx';

const NAMES: Readonly<Record<Match['by'], string>> = {
  imsi: 'IMSI',
  msisdn: 'Number',
  account: 'Account id',
  iccid: 'ICCID',
};

/** Finds a subscriber by whatever is at hand. */
export function SearchPage() {
  const text = usePlace().query.get('search') ?? '';
  return (
    <>
      <PageHead title="Subscribers" about="Find one by IMSI, number (MSISDN), account id (i_account) or ICCID." />
      <SearchForm text={text} />
      {text === '' ? (
        <Empty title="Whom are you looking for?">
          Enter an IMSI, number, account id or ICCID, or its first five characters or more. The field at the top does
          the same from every page: press <kbd>/</kbd>.
        </Empty>
      ) : (
        <Results text={text} />
      )}
    </>
  );
}

function SearchForm({ text }: { text: string }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const submit = (event: Event) => {
    event.preventDefault();
    go(hrefs.search(typed.trim()));
  };
  return (
    <search>
      <form class="inline-form" onSubmit={submit}>
        <label class="field grow">
          <span>IMSI, number, account id or ICCID</span>
          <input
            class="mono"
            value={typed}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button primary">
          <Icon name="search" />
          Search
        </button>
      </form>
    </search>
  );
}

function Results({ text }: { text: string }) {
  const found = useGet<Matches>(withQuery('/admin/v1/subscribers', { search: text }));
  return (
    <Show of={found} what="subscribers">
      {({ matches }) => (matches.length === 0 ? <Nobody text={text} /> : <MatchTable matches={matches} />)}
    </Show>
  );
}

function Nobody({ text }: { text: string }) {
  const look = new URLSearchParams({ text });
  const mayBeImsi = isImsi(text);
  return (
    <Empty title={`Nobody is known by “${text}”.`}>
      <p>
        {mayBeImsi
          ? 'If it is an IMSI, no event has asked for anything for it here.'
          : "It takes an IMSI, number, account id or ICCID from its beginning, five characters at least, as billing writes it: digits only, with the country's code."}
      </p>
      <p>
        <a href={hrefs.events(look.toString())}>Look for it in the text of events</a>
        {mayBeImsi && (
          <>
            {' '}
            or <a href={hrefs.subscriber(text)}>open the IMSI all the same</a>
          </>
        )}
        {!/^\d+$/.test(text) && (
          <>
            {' '}
            or <a href={hrefs.event(text)}>open the event of this id</a>
          </>
        )}
        .
      </p>
    </Empty>
  );
}

function MatchTable({ matches }: { matches: readonly Match[] }) {
  return (
    <div class="panel table-panel">
      <table class="table cards">
        <caption class="offscreen">Subscribers found</caption>
        <thead>
          <tr>
            <th scope="col">IMSI</th>
            <th scope="col">Found by</th>
            <th scope="col">Value</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          {matches.map(({ imsi, by, value, current }) => (
            <tr key={`${imsi} ${by} ${value}`}>
              <td data-label="IMSI">
                <ImsiLink imsi={imsi} />
              </td>
              <td data-label="Found by">{NAMES[by]}</td>
              <td data-label="Value" class="mono">
                {value}
              </td>
              <td data-label="Now">
                {current ? <Badge tone="ok">still so</Badge> : <Badge tone="muted">not any more</Badge>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
