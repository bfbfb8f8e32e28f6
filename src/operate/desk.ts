import type { Rules } from '../core/types.ts';
import type { Deed } from '../ports/operating.ts';
import type { Store, Views } from '../ports/store.ts';
import type { Previewer } from '../ports/target.ts';

/** What an operator's work is done with. */
export interface Desk {
  readonly store: Store;
  readonly views: Views;
  readonly rules: Rules;
  /** Says what would be sent; its code is loaded when it is asked for. */
  readonly previewer: () => Promise<Previewer>;
}

/** Who works at it: a session, `token`, or `command line`. */
export type Operator = Deed['who'];
