import type { Deed } from '../ports/operating.ts';
import type { Store } from '../ports/store.ts';

/** What the audit calls whoever works on the connector's host. */
const COMMAND_LINE = 'command line';

/** More than this many are counted instead of named. */
const MOST_NAMED = 10;

/** Events or subscribers in words. @param noun what many of them are: `events`. */
export function namedText(subjects: readonly string[], noun: string): string {
  if (subjects.length <= MOST_NAMED) return subjects.join(', ');
  return `${subjects.length} ${noun}, the first ${subjects[0]}`;
}

/** Keeps what a command is about to do: what cannot be kept is not done. @throws StoreError */
export async function noteCommand(store: Store, deed: Omit<Deed, 'who'>): Promise<void> {
  await store.note({ who: COMMAND_LINE, ...deed });
}
