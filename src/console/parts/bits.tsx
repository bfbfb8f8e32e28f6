import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { indented } from '../../contract/nesting.ts';
import { useNow } from '../lib/clock.ts';
import { hrefs } from '../lib/router.ts';
import { ageText, clockText, localText, utcText } from '../lib/time-text.ts';
import { type EventState, STATES, type Tone, verdictTone } from '../lib/words.ts';
import { Icon } from './icons.tsx';

/** A word on its colour. */
export function Badge({
  tone,
  children,
  title,
}: {
  tone: Tone;
  children: ComponentChildren;
  title?: string | undefined;
}) {
  return (
    <span class={`badge tone-${tone}`} title={title}>
      {children}
    </span>
  );
}

/** Where an event stands. */
export function StateBadge({ state }: { state: EventState }) {
  const known = STATES[state];
  return (
    <Badge tone={known?.tone ?? 'muted'} title={known?.about}>
      {state}
    </Badge>
  );
}

/** Where there is nothing to tell; on a narrow screen the row is left out. */
export function Dash() {
  return <span class="quiet dash">–</span>;
}

/** How a subscriber stands. */
export function VerdictBadge({ verdict }: { verdict: string }) {
  return <Badge tone={verdictTone(verdict)}>{verdict}</Badge>;
}

/** A moment in local time; UTC when pointed at. @param clock only the time of day. */
export function Time({ at, clock = false }: { at: string; clock?: boolean }) {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <span>{at}</span>;
  return (
    <time dateTime={at} title={utcText(ms)}>
      {clock ? clockText(ms) : localText(ms)}
    </time>
  );
}

/** How long ago; the moment itself when pointed at. */
export function Age({ at }: { at: string }) {
  const now = useNow();
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={`${localText(ms)} local · ${utcText(ms)}`}>
      {ageText(ms, now)}
    </time>
  );
}

/** A subscriber's number in the network, as a link to all about it. */
export function ImsiLink({ imsi }: { imsi: string | null }) {
  if (imsi === null) return <span class="quiet">none</span>;
  return (
    <a class="mono" href={hrefs.subscriber(imsi)}>
      {imsi}
    </a>
  );
}

/** An event's id as a link to its story. @param short only as much as tells it from others. */
export function EventLink({ id, short = false }: { id: string; short?: boolean }) {
  const text = short && id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-6)}` : id;
  return (
    <a class="mono" href={hrefs.event(id)} title={text === id ? undefined : id}>
      {text}
    </a>
  );
}

/** Puts a text into the clipboard and says so. */
export function CopyButton({ text, label, small = false }: { text: string; label: string; small?: boolean }) {
  const [said, setSaid] = useState<'' | 'Copied' | 'Select and copy it'>('');
  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => setSaid(''), 2_500);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid((await intoClipboard(text)) ? 'Copied' : 'Select and copy it');
  return (
    <button type="button" class={small ? 'button ghost small' : 'button'} onClick={copy}>
      <Icon name={said === 'Copied' ? 'check' : 'copy'} />
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

/** A page that came over plain HTTP has no clipboard of its own: the old way still works there. */
async function intoClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'offscreen';
    // Within a dialog only what is in the dialog can be selected.
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

/** JSON, indented; text that is none as it came. */
export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    <section class="code" aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre tabIndex={0}>{typeof value === 'string' ? indented(value) : JSON.stringify(value, null, 2)}</pre>
    </section>
  );
}
