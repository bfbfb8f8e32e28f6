import { useEffect, useRef, useState } from 'preact/hooks';
import type { Done, Preview, SubscriberView } from '../../contract/admin.ts';
import { type Fault, faultOf, send } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { useGet } from '../lib/load.ts';
import { counted, isSettled, verdictSentence } from '../lib/words.ts';
import { ImsiLink, VerdictBadge } from './bits.tsx';
import { Dialog } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { Requests } from './requests.tsx';
import { Failed, Notice, Show } from './states.tsx';

interface SendDialogProps {
  readonly title: string;
  /** GET tells what would be sent; POST sends it. */
  readonly path: string;
  readonly verb: 'Resync' | 'Replay';
  /** Whose settling is watched afterwards. */
  readonly imsis: readonly string[];
  onClose(): void;
  /** Something was sent: what is shown behind the dialog is old. */
  onSent(): void;
}

/** Shows exactly what will be sent, sends it when told to, then tells what came of it. */
export function SendDialog({ title, path, verb, imsis, onClose, onSent }: SendDialogProps) {
  const preview = useGet<Preview>(path);
  const [stage, setStage] = useState<'look' | 'sending' | 'sent'>('look');
  const [done, setDone] = useState<Done | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const count = preview.value?.requests.length ?? 0;

  const confirm = async () => {
    setStage('sending');
    setFault(null);
    try {
      setDone(await send<Done>('POST', path));
      setStage('sent');
      onSent();
    } catch (error) {
      setFault(faultOf(error));
      setStage('look');
    }
  };

  const button = stage !== 'sent' && (
    <button type="button" class="button primary" disabled={count === 0 || stage === 'sending'} onClick={confirm}>
      <Icon name="send" />
      {stage === 'sending' ? 'Sending …' : `${verb}: send ${count === 1 ? 'this' : counted(count, 'request')}`}
    </button>
  );
  return (
    <Dialog
      title={title}
      onClose={onClose}
      busy={stage === 'sending'}
      actions={button}
      closeLabel={done ? 'Close' : 'Cancel'}
    >
      {fault && <Failed fault={fault} />}
      {done ? (
        <Result done={done} imsis={imsis} onSettled={onSent} />
      ) : (
        <Show of={preview} what="what would be sent">
          {(value) => <WhatIsSent preview={value} />}
        </Show>
      )}
    </Dialog>
  );
}

function WhatIsSent({ preview: { requests, why } }: { preview: Preview }) {
  if (requests.length === 0)
    return <Notice tone="info">Nothing would be sent: {why ?? 'there is nothing to do'}.</Notice>;
  return (
    <>
      <p>
        {requests.length === 1 ? 'This request goes' : `These ${requests.length} requests go, in this order,`} to the
        network:
      </p>
      <Requests requests={requests} />
      {why !== null && <p class="quiet">{why}</p>}
    </>
  );
}

function Result({ done, imsis, onSettled }: { done: Done; imsis: readonly string[]; onSettled: () => void }) {
  if (done.asked === 0) {
    return <Notice tone="info">Nothing was sent: {done.why ?? 'there was nothing to do any more'}.</Notice>;
  }
  return (
    <>
      <p>The connector was told to send it. What comes of it:</p>
      {imsis.map((imsi) => (
        <Settling key={imsi} imsi={imsi} onSettled={onSettled} />
      ))}
      {done.skipped > 0 && (
        <p class="quiet">
          {counted(done.skipped, 'subscriber')} skipped{done.why === null ? '' : `: ${done.why}`}.
        </p>
      )}
    </>
  );
}

/** How often the subscriber is looked at until nothing is under way. */
const LOOK_EVERY_MS = 1_000;

function Settling({ imsi, onSettled }: { imsi: string; onSettled: () => void }) {
  const [settled, setSettled] = useState(false);
  const view = useGet<SubscriberView>(`/admin/v1/subscribers/${imsi}`, settled ? 0 : LOOK_EVERY_MS);
  const now = useNow();
  const tell = useRef(onSettled);
  tell.current = onSettled;
  const isNow = view.value !== null && !view.loading && isSettled(view.value);
  useEffect(() => {
    if (!isNow) return;
    setSettled(true);
    tell.current();
  }, [isNow]);
  return (
    <div class="settling">
      <p>
        <ImsiLink imsi={imsi} /> {view.value && <VerdictBadge verdict={view.value.verdict} />}
        {!isNow && !settled && <span class="spinner" aria-hidden="true" />}
      </p>
      {view.fault && <Failed fault={view.fault} again={view.reload} />}
      {view.value && <p aria-live="polite">{verdictSentence(view.value, now).title}</p>}
      {view.value && !isNow && <p class="quiet">{verdictSentence(view.value, now).more}</p>}
    </div>
  );
}
