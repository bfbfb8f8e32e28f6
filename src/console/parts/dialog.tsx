import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';

interface DialogProps {
  readonly title: string;
  /** Called however it was closed: a button, Esc, or a click beside it. */
  onClose(): void;
  /** While something is under way, closing would only hide it. */
  readonly busy?: boolean;
  readonly children: ComponentChildren;
  /** Buttons at its foot, besides the one that closes it. */
  readonly actions?: ComponentChildren;
  readonly closeLabel?: string;
}

/** A modal dialog: the browser keeps the focus in it, and gives it back to what opened it. */
export function Dialog({ title, onClose, busy = false, children, actions, closeLabel = 'Cancel' }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const closer = useRef<HTMLButtonElement>(null);
  const opener = useRef<Element | null>(null);
  useEffect(() => {
    opener.current = document.activeElement;
    dialog.current?.showModal();
    // Where something has to be written, that comes first.
    dialog.current?.querySelector('textarea')?.focus();
    return () => {
      if (opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
    };
  }, []);
  // The button that was pressed may be gone with what it did.
  useEffect(() => {
    if (!dialog.current?.contains(document.activeElement)) closer.current?.focus();
  }, [closeLabel]);
  const close = () => !busy && dialog.current?.close();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is the key for it, and the browser's own
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      onCancel={(event) => busy && event.preventDefault()}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="button ghost icon-only" aria-label="Close" onClick={close} disabled={busy}>
            <Icon name="close" />
          </button>
        </header>
        <div class="dialog-content">{children}</div>
        <footer class="dialog-foot">
          <button ref={closer} type="button" class="button" onClick={close} disabled={busy}>
            {closeLabel}
          </button>
          {actions}
        </footer>
      </div>
    </dialog>
  );
}
