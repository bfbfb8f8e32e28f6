import { useState } from 'preact/hooks';
import type { Explanation } from '../../contract/admin.ts';
import { SAMPLE_EVENT } from '../../contract/samples.ts';
import { sendText } from '../lib/api.ts';
import { useWork } from '../lib/work.ts';
import { Icon } from '../parts/icons.tsx';
import { Failed, PageHead } from '../parts/states.tsx';
import { Chapter, Checks, RequestsChapter, Walk } from '../parts/story.tsx';

/** What would become of an event that is pasted here. Nothing is sent. */
export function ExplainPage() {
  const [text, setText] = useState('');
  const [result, setResult] = useState<Explanation | null>(null);
  const { busy, fault, run } = useWork();

  const explain = (event: Event) => {
    event.preventDefault();
    setResult(null);
    void run(async () => setResult(await sendText<Explanation>('/admin/v1/explain', text)));
  };
  return (
    <>
      <PageHead
        title="Explain an event"
        about="Walks an event through the rules of this connector, with its settings. Nothing is sent, nothing is kept."
      />
      <div class="two">
        <form class="panel pad explain-form" onSubmit={explain}>
          <label class="field">
            <span>Event, as NSPS sends it (JSON)</span>
            <textarea
              class="mono"
              rows={22}
              required
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
              placeholder='{"event_id": …, "data": …, "pb_data": …}'
            />
          </label>
          <div class="actions">
            <button type="button" class="button" onClick={() => setText(JSON.stringify(SAMPLE_EVENT, null, 2))}>
              Example
            </button>
            <button type="submit" class="button primary" disabled={busy || text.trim() === ''}>
              <Icon name="explain" />
              {busy ? 'Explaining …' : 'Explain'}
            </button>
          </div>
        </form>
        <section aria-label="Explanation">
          <p class="offscreen" role="status">
            {result && 'The explanation is there.'}
          </p>
          {fault && <Failed fault={fault} />}
          {result && <Result explanation={result} />}
          {!fault && !result && (
            <div class="empty">
              <p class="empty-title">The story appears here.</p>
              <p class="quiet">
                Paste an event, or take the example: rule by rule, what is asked, what is found, and what would be sent.
              </p>
            </div>
          )}
        </section>
      </div>
    </>
  );
}

function Result({ explanation }: { explanation: Explanation }) {
  const { kind } = explanation.decision;
  return (
    <ol class="story">
      <Checks explanation={explanation} />
      <Walk explanation={explanation} />
      <RequestsChapter explanation={explanation} title="Would be sent to the network" />
      <Chapter title="Answer to NSPS" tone={kind === 'reject' ? 'warn' : 'ok'}>
        <p>{ANSWERS[kind]}</p>
      </Chapter>
    </ol>
  );
}

const ANSWERS: Readonly<Record<Explanation['decision']['kind'], string>> = {
  provision:
    '202 once it is applied or kept, unless a newer event of the subscriber came before; else how the network failed.',
  record: '202 once its row is there, or it is kept for later; a row is written once.',
  ignore: '202: the event is ignored, and NSPS is told why.',
  reject: '422: NSPS is told what is wrong, keeps the event and sends it again.',
};
