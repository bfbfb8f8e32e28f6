import { useState } from 'preact/hooks';
import type { Chosen, Preview, Progress } from '../../contract/admin.ts';
import { sendForLines } from '../lib/api.ts';
import { useGet } from '../lib/load.ts';
import { counted, numberText } from '../lib/words.ts';
import { useWork } from '../lib/work.ts';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Requests } from './requests.tsx';
import { Failed, Notice, Show } from './states.tsx';

export interface Bulk {
  readonly kind: 'replay' | 'discard';
  readonly chosen: Chosen;
  /** How many there were when it was asked. */
  readonly count: number;
  /** Which ones, in words. */
  readonly which: string;
}

const REASON_AT_LEAST = 3;
const REASON_AT_MOST = 500;

/** Replays or discards dead letters, once it is confirmed, and shows how far it is. */
export function BulkDialog({ bulk, onClose }: { bulk: Bulk; onClose: (changed: boolean) => void }) {
  const [progress, setProgress] = useState<Progress | null>(null);
  const { busy, fault, run } = useWork();
  const [reason, setReason] = useState('');
  const isDiscard = bulk.kind === 'discard';
  const missing = isDiscard && reason.trim().length < REASON_AT_LEAST;

  const deal = () => {
    const body = isDiscard ? { chosen: bulk.chosen, reason: reason.trim() } : bulk.chosen;
    void run(() => sendForLines<Progress>(`/admin/v1/dead-letters/${bulk.kind}`, body, setProgress));
  };

  const ended = progress !== null && !busy;
  const button = !ended && (
    <button
      type="button"
      class={`button ${isDiscard ? 'danger' : 'primary'}`}
      disabled={busy || missing}
      onClick={deal}
    >
      {isDiscard ? 'Discard' : 'Replay'} {counted(bulk.count, 'dead letter')}
    </button>
  );
  return (
    <Dialog
      title={`${isDiscard ? 'Discard' : 'Replay'} ${bulk.which}`}
      onClose={() => onClose(progress !== null)}
      busy={busy}
      actions={button}
      closeLabel={ended ? 'Close' : 'Cancel'}
    >
      {fault && <Failed fault={fault} />}
      {progress === null &&
        (isDiscard ? <Reason value={reason} onInput={setReason} bulk={bulk} /> : <Before bulk={bulk} />)}
      {progress && (
        <HowFar progress={progress} verb={isDiscard ? 'discarded' : 'to be sent again'} broken={fault !== null} />
      )}
    </Dialog>
  );
}

function Before({ bulk: { chosen, count } }: { bulk: Bulk }) {
  const imsi = chosen.letters?.[0]?.imsi ?? chosen.imsis?.[0];
  if (count === 1 && imsi !== undefined) return <OneRequest imsi={imsi} />;
  return (
    <p>
      The newest state of {counted(count, 'subscriber')} will be sent to the network, one request a subscriber, as fast
      as its limits allow. Those that are in step by then are skipped.
    </p>
  );
}

function OneRequest({ imsi }: { imsi: string }) {
  const preview = useGet<Preview>(`/admin/v1/subscribers/${imsi}/resync`);
  return (
    <Show of={preview} what="what would be sent">
      {({ requests, why }) =>
        requests.length === 0 ? (
          <Notice tone="info">Nothing would be sent: {why ?? 'there is nothing to do'}.</Notice>
        ) : (
          <>
            <p>This goes to the network:</p>
            <Requests requests={requests} />
          </>
        )
      }
    </Show>
  );
}

function Reason({ value, onInput, bulk }: { value: string; onInput: (value: string) => void; bulk: Bulk }) {
  return (
    <>
      <Notice tone="warn">
        The network will not get what billing wanted for {counted(bulk.count, 'subscriber')}, unless billing sends
        something newer, or somebody replays the discarded {bulk.count === 1 ? 'event' : 'events'}.
      </Notice>
      <label class="field">
        <span>Why {bulk.count === 1 ? 'is it' : 'are they'} discarded? It is kept in the audit.</span>
        <textarea
          rows={3}
          required
          minLength={REASON_AT_LEAST}
          maxLength={REASON_AT_MOST}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
        <span class="hint">At least {REASON_AT_LEAST} characters; the ticket's number helps whoever reads it.</span>
      </label>
    </>
  );
}

function HowFar({ progress, verb, broken }: { progress: Progress; verb: string; broken: boolean }) {
  const { total, done, skipped, ended } = progress;
  return (
    <div class="progress">
      <progress
        max={Math.max(1, total)}
        value={total === 0 ? 1 : done + skipped}
        aria-label="Dead letters dealt with"
      />
      <p class="tabular">
        {numberText(done + skipped)} of {numberText(total)}
      </p>
      <div role="status">
        {ended && (
          <p class="progress-end">
            <Icon name="check" /> {numberText(done)} {verb}
            {skipped > 0 && `, ${numberText(skipped)} skipped: nothing was to do any more`}.
          </p>
        )}
        {broken && <p>It stopped half way. What was done stays done; do it again for the rest.</p>}
      </div>
    </div>
  );
}
