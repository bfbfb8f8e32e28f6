import type { Rules } from '../core/types.ts';
import type { Deed } from '../ports/operating.ts';
import type { Store, Views } from '../ports/store.ts';
import type { Preview } from './explain.ts';

/** What an operator's work is done with. */
export interface Desk {
  readonly store: Store;
  readonly views: Views;
  readonly rules: Rules;
  /** Loads what says what would be sent. */
  readonly previewer: () => Promise<Preview>;
}

/** Who works at it: a session, `token`, or `command line`. */
export type Operator = Deed['who'];
