import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type Fault, faultOf, get } from './api.ts';

export interface Loaded<T> {
  readonly value: T | null;
  readonly fault: Fault | null;
  readonly loading: boolean;
  reload(): void;
}

interface State<T> {
  readonly path: string | null;
  readonly value: T | null;
  readonly fault: Fault | null;
  readonly loading: boolean;
}

/**
 * What a path answers; asked again when the path changes, on `reload`, and every so often while the page is looked at.
 * @param path null asks for nothing. @param everyMs 0: once.
 */
export function useGet<T>(path: string | null, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<State<T>>(() => unheard(path));
  const [round, setRound] = useState(0);
  const latest = useRef(path);
  latest.current = path;
  const reload = useCallback(() => setRound((last) => last + 1), []);

  // A new round asks again.
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    setState((last) => ({ ...of(path, last), loading: true }));
    const settle = (part: Partial<State<T>>) => {
      if (abort.signal.aborted || latest.current !== path) return;
      setState((last) => ({ ...of(path, last), fault: null, loading: false, ...part }));
    };
    get<T>(path, abort.signal).then(
      (value) => settle({ value }),
      (error: unknown) => settle({ fault: faultOf(error) }),
    );
    return () => abort.abort();
  }, [path, round]);
  useEvery(everyMs, reload, state.loading);

  const { value, fault, loading } = of(path, state);
  return { value, fault, loading, reload };
}

function unheard<T>(path: string | null): State<T> {
  return { path, value: null, fault: null, loading: path !== null };
}

/** Never the answer of the page before. */
function of<T>(path: string | null, last: State<T>): State<T> {
  return last.path === path ? last : unheard(path);
}

/** @param busy while an answer is awaited: asking again would give it up, and a slow one would never come. */
function useEvery(ms: number, again: () => void, busy: boolean): void {
  const isBusy = useRef(busy);
  isBusy.current = busy;
  useEffect(() => {
    if (ms === 0) return;
    const timer = setInterval(() => !document.hidden && !isBusy.current && again(), ms);
    return () => clearInterval(timer);
  }, [ms, again]);
}
