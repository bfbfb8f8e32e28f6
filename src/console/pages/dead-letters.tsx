import { useState } from 'preact/hooks';
import type { DeadGroups } from '../../contract/admin.ts';
import { useGet } from '../lib/load.ts';
import { hrefs, usePlace } from '../lib/router.ts';
import { counted, numberText } from '../lib/words.ts';
import { Age } from '../parts/bits.tsx';
import { type Bulk, BulkDialog } from '../parts/bulk-dialog.tsx';
import { Icon } from '../parts/icons.tsx';
import { Empty, PageHead, Show } from '../parts/states.tsx';
import { Letters } from './dead-letter-list.tsx';

type Group = DeadGroups['groups'][number];

/** Subscribers the connector gave up on, by reason, and what to do with them. */
export function DeadLettersPage() {
  const why = usePlace().query.get('why');
  const groups = useGet<DeadGroups>('/admin/v1/dead-letters', 10_000);
  const [bulk, setBulk] = useState<Bulk | null>(null);
  const [changes, setChanges] = useState(0);
  const close = (changed: boolean) => {
    setBulk(null);
    if (!changed) return;
    groups.reload();
    setChanges((count) => count + 1);
  };
  const total = groups.value?.total ?? 0;
  return (
    <>
      <PageHead
        title="Dead letters"
        about="Subscribers the connector gave up on. Put the reason right, then replay them."
      >
        {why === null && total > 0 && (
          <Actions count={total} which="all dead letters" chosen={{ all: true }} onBulk={setBulk} all />
        )}
      </PageHead>
      {why === null ? (
        <Show of={groups} what="dead letters">
          {(value) => <Groups groups={value} onBulk={setBulk} />}
        </Show>
      ) : (
        <OneGroup
          why={why}
          group={groups.value?.groups.find((group) => group.why === why)}
          onBulk={setBulk}
          changes={changes}
        />
      )}
      {bulk && <BulkDialog bulk={bulk} onClose={close} />}
    </>
  );
}

interface ActionsProps extends Omit<Bulk, 'kind'> {
  readonly onBulk: (bulk: Bulk) => void;
  readonly all?: boolean;
}

function Actions({ onBulk, all = false, ...rest }: ActionsProps) {
  const word = all ? ' all' : '';
  return (
    <>
      <button
        type="button"
        class={all ? 'button primary' : 'button'}
        aria-label={`Replay ${rest.which}`}
        onClick={() => onBulk({ kind: 'replay', ...rest })}
      >
        <Icon name="again" />
        Replay{word}
      </button>
      <button
        type="button"
        class="button"
        aria-label={`Discard ${rest.which}`}
        onClick={() => onBulk({ kind: 'discard', ...rest })}
      >
        Discard{word}
      </button>
    </>
  );
}

function Groups({ groups: { groups, total }, onBulk }: { groups: DeadGroups; onBulk: (bulk: Bulk) => void }) {
  if (total === 0) return <Empty title="There are no dead letters.">The connector has given up on nobody.</Empty>;
  return (
    <>
      <p class="quiet tabular">
        {counted(total, 'subscriber')}, {counted(groups.length, 'reason')}
      </p>
      <ul class="groups">
        {groups.map((group) => (
          <li key={group.why} class="panel group edge-bad">
            <div class="group-count tabular">{numberText(group.count)}</div>
            <div class="group-text">
              <a class="group-why" href={hrefs.deadLetters(group.why)}>
                {group.why}
              </a>
              <p class="quiet">
                <Span group={group} />
              </p>
            </div>
            <div class="actions">
              <Actions
                count={group.count}
                which={`dead letters: ${group.why}`}
                chosen={{ why: group.why }}
                onBulk={onBulk}
              />
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Span({ group: { oldest, newest } }: { group: Group }) {
  if (oldest === null) return <>No time is known.</>;
  return (
    <>
      First tried <Age at={oldest} />
      {newest !== null && newest !== oldest && (
        <>
          , last one <Age at={newest} />
        </>
      )}
    </>
  );
}

interface OneGroupProps {
  readonly why: string;
  readonly group: Group | undefined;
  readonly onBulk: (bulk: Bulk) => void;
  readonly changes: number;
}

function OneGroup({ why, group, onBulk, changes }: OneGroupProps) {
  const count = group?.count ?? 0;
  return (
    <>
      <p>
        <a href={hrefs.deadLetters()}>← All reasons</a>
      </p>
      <div class="section-head">
        <h2 class="breakable">{why}</h2>
        {count > 0 && (
          <div class="actions">
            <Actions count={count} which={`dead letters: ${why}`} chosen={{ why }} onBulk={onBulk} />
          </div>
        )}
      </div>
      <Letters key={`${why} ${changes}`} why={why} onBulk={onBulk} />
    </>
  );
}
