import { useState } from 'preact/hooks';
import { type Fault, get } from './api.ts';
import { type Loaded, useGet } from './load.ts';
import { useWork } from './work.ts';

/** A page of a list; `next` leads to the one after it. */
interface Page {
  readonly next: string | number | null;
}

interface Pages<P extends Page> {
  readonly first: Loaded<P>;
  /** All that were loaded, the first one too. */
  readonly pages: readonly P[];
  /** Null when there is no more. */
  readonly next: P['next'];
  /** Why the page that was asked for last did not come. */
  readonly fault: Fault | null;
  /** Whether a further page is awaited. */
  readonly busy: boolean;
  /** Asks for the next page. */
  goOn(): Promise<void>;
  /** Begins with the first page again. */
  restart(): void;
}

/**
 * A list that comes in pages: the first by itself, each further one when it is asked for.
 * @param path with its query.
 * @param parameter that takes `next`.
 */
export function usePages<P extends Page>(path: string, parameter: 'before' | 'after'): Pages<P> {
  const first = useGet<P>(path);
  const [more, setMore] = useState<readonly P[]>([]);
  const { busy, fault, run } = useWork();
  const pages = first.value ? [first.value, ...more] : [];
  const next = pages.at(-1)?.next ?? null;
  const goOn = () =>
    run(async () => {
      const joint = path.includes('?') ? '&' : '?';
      const page = await get<P>(`${path}${joint}${parameter}=${encodeURIComponent(next ?? '')}`);
      setMore((before) => [...before, page]);
    });
  const restart = () => {
    setMore([]);
    first.reload();
  };
  return { first, pages, next, fault, busy, goOn, restart };
}
