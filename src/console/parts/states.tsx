import type { ComponentChildren } from 'preact';
import { adviceFor, type Fault } from '../lib/api.ts';
import type { Loaded } from '../lib/load.ts';
import { Icon } from './icons.tsx';

/** While the first answer is awaited. */
export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading {what} …
    </div>
  );
}

/** What the server said, and what to do. */
export function Failed({ fault, again }: { fault: Fault; again?: (() => void) | undefined }) {
  return (
    <div class="notice tone-bad" role="alert">
      <Icon name="dead" />
      <div class="notice-text">
        <p>
          <strong>{fault.message}</strong>
          {fault.status > 0 && <span class="quiet"> (HTTP {fault.status})</span>}
        </p>
        <p>{fault.error}</p>
        <p class="advice">{adviceFor(fault)}</p>
      </div>
      {again && (
        <button type="button" class="button small" onClick={again}>
          <Icon name="again" />
          Try again
        </button>
      )}
    </div>
  );
}

/** There is nothing, and why that may be. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <div class="quiet">{children}</div>}
    </div>
  );
}

const NOTICE_ICONS = { ok: 'check', info: 'info', warn: 'dead', bad: 'dead' } as const;

/** Something to know, in its colour. */
export function Notice({ tone, children }: { tone: keyof typeof NOTICE_ICONS; children: ComponentChildren }) {
  return (
    <div class={`notice tone-${tone}`}>
      <Icon name={NOTICE_ICONS[tone]} />
      <div class="notice-text">{children}</div>
    </div>
  );
}

/** What was loaded; until then that it loads; when it fails, that, above what was known before. */
export function Show<T>({
  of,
  what,
  children,
}: {
  of: Loaded<T>;
  what: string;
  children: (value: T) => ComponentChildren;
}) {
  return (
    <>
      {of.fault && <Failed fault={of.fault} again={of.reload} />}
      {of.value !== null ? children(of.value) : !of.fault && <Loading what={what} />}
    </>
  );
}

/** Goes on to the next page of a list; what else there is to say stands above the button. */
export function Further({
  label,
  onGoOn,
  busy,
  children,
}: {
  label: string;
  onGoOn: () => void;
  busy: boolean;
  children?: ComponentChildren;
}) {
  return (
    <div class="further">
      {children}
      <button type="button" class="button" onClick={onGoOn} disabled={busy}>
        {label}
      </button>
    </div>
  );
}

/** The head of a page. */
export function PageHead({
  title,
  about,
  children,
}: {
  title: ComponentChildren;
  about?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        {about && <p class="quiet">{about}</p>}
      </div>
      {children && <div class="actions">{children}</div>}
    </header>
  );
}
