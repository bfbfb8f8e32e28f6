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
  const empty = { path, value: null, fault: null, loading: path !== null };
  const [state, setState] = useState<State<T>>(empty);
  const [round, setRound] = useState(0);
  const latest = useRef(path);
  latest.current = path;
  const busy = useRef(false);
  busy.current = state.loading;
  const reload = useCallback(() => setRound((last) => last + 1), []);

  // A new round asks again.
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    setState((last) =>
      last.path === path ? { ...last, loading: true } : { path, value: null, fault: null, loading: true },
    );
    const settle = (part: Partial<State<T>>) => {
      if (abort.signal.aborted || latest.current !== path) return;
      setState((last) => ({
        path,
        value: last.path === path ? last.value : null,
        fault: null,
        loading: false,
        ...part,
      }));
    };
    get<T>(path, abort.signal).then(
      (value) => settle({ value }),
      (error: unknown) => settle({ fault: faultOf(error) }),
    );
    return () => abort.abort();
  }, [path, round]);

  useEffect(() => {
    if (everyMs === 0) return;
    // Not while an answer is awaited: asking again would give it up, and a slow one would never come.
    const timer = setInterval(() => !document.hidden && !busy.current && reload(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);

  // Never the answer of the page before.
  const shown = state.path === path ? state : empty;
  return { value: shown.value, fault: shown.fault, loading: shown.loading, reload };
}
