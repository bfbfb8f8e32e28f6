import { useEffect, useRef, useState } from 'preact/hooks';
import type { Matches } from '../../contract/admin.ts';
import { get, withQuery } from '../lib/api.ts';
import { go, hrefs } from '../lib/router.ts';
import { Icon } from './icons.tsx';

/** From every page to a subscriber: `/` goes into the field, Enter to him if there is but one. */
export function GlobalSearch() {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted === '') return;
    go(await bestPlace(wanted));
    setText('');
    field.current?.blur();
  };
  return (
    <search class="global-search">
      <form onSubmit={submit}>
        <Icon name="search" />
        <label class="offscreen" for="global-search">
          Find a subscriber by IMSI, number, account id or ICCID
        </label>
        <input
          id="global-search"
          ref={field}
          value={text}
          placeholder="IMSI, number, account id or ICCID"
          autocomplete="off"
          spellcheck={false}
          aria-keyshortcuts="/"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <span class="key" aria-hidden="true">
          /
        </span>
      </form>
    </search>
  );
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName) || target.closest('dialog') !== null;
}

/** The one subscriber there is, or the list of them; why there is none is told there too. */
async function bestPlace(text: string): Promise<string> {
  try {
    const { matches } = await get<Matches>(withQuery('/admin/v1/subscribers', { search: text }));
    const [imsi, ...others] = new Set(matches.map((match) => match.imsi));
    if (imsi !== undefined && others.length === 0) return hrefs.subscriber(imsi);
  } catch {
    // The list asks again, and shows what is wrong.
  }
  return hrefs.search(text);
}
