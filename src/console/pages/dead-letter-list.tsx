import type { DeadLetters } from '../../contract/admin.ts';
import { withQuery } from '../lib/api.ts';
import { usePages } from '../lib/pages.ts';
import { statusText } from '../lib/words.ts';
import { Age, Dash, EventLink, ImsiLink } from '../parts/bits.tsx';
import type { Bulk } from '../parts/bulk-dialog.tsx';
import { Empty, Failed, Further, Loading } from '../parts/states.tsx';

type Letter = DeadLetters['letters'][number];

/** The dead letters of one reason, page by page. */
export function Letters({ why, onBulk }: { why: string; onBulk: (bulk: Bulk) => void }) {
  const path = withQuery('/admin/v1/dead-letters/list', { why });
  const { first, pages, next, fault, busy, goOn } = usePages<DeadLetters>(path, 'after');
  if (!first.value)
    return first.fault ? <Failed fault={first.fault} again={first.reload} /> : <Loading what="dead letters" />;
  const letters = pages.flatMap((page) => page.letters);
  if (letters.length === 0) return <Empty title="Nobody is left here.">All of this reason were dealt with.</Empty>;
  return (
    <>
      <div class="panel table-panel">
        <LetterTable letters={letters} onBulk={onBulk} />
      </div>
      {fault && <Failed fault={fault} />}
      {next !== null && <Further label="More" onGoOn={goOn} busy={busy} />}
    </>
  );
}

function LetterTable({ letters, onBulk }: { letters: readonly Letter[]; onBulk: (bulk: Bulk) => void }) {
  return (
    <table class="table cards">
      <caption class="offscreen">Dead letters of this reason</caption>
      <thead>
        <tr>
          <th scope="col">IMSI</th>
          <th scope="col">Billing wants</th>
          <th scope="col">Event</th>
          <th scope="col">Tried since</th>
          <th scope="col" class="number">
            Failed
          </th>
          <th scope="col">
            <span class="offscreen">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {letters.map((letter) => (
          <LetterRow key={letter.imsi} letter={letter} onBulk={onBulk} />
        ))}
      </tbody>
    </table>
  );
}

function LetterRow({ letter, onBulk }: { letter: Letter; onBulk: (bulk: Bulk) => void }) {
  const { imsi, wanted, eventId, since, attempts } = letter;
  const chosen = eventId === null ? { imsis: [imsi] } : { letters: [{ imsi, eventId }] };
  const one = { chosen, count: 1, which: `dead letter of ${imsi}` };
  return (
    <tr>
      <td data-label="IMSI">
        <ImsiLink imsi={imsi} />
      </td>
      <td data-label="Billing wants">{wanted ? <Wants wanted={wanted} /> : <span class="quiet">not known</span>}</td>
      <td data-label="Event">{eventId === null ? <Dash /> : <EventLink id={eventId} short />}</td>
      <td data-label="Tried since" class="nowrap">
        {since === null ? <Dash /> : <Age at={since} />}
      </td>
      <td data-label="Failed" class="number">
        {attempts}
      </td>
      <td class="row-actions">
        <button
          type="button"
          class="button small"
          aria-label={`Replay ${imsi}`}
          onClick={() => onBulk({ kind: 'replay', ...one })}
        >
          Replay
        </button>
        <button
          type="button"
          class="button small"
          aria-label={`Discard ${imsi}`}
          onClick={() => onBulk({ kind: 'discard', ...one })}
        >
          Discard
        </button>
      </td>
    </tr>
  );
}

function Wants({ wanted: { state } }: { wanted: NonNullable<Letter['wanted']> }) {
  return (
    <span>
      {statusText(state.status)}, <span class="mono">{state.msisdn ?? 'no number'}</span>
      <span class="quiet mono">
        {' '}
        {state.csProfile} / {state.epsProfile}
      </span>
    </span>
  );
}
