import { keepRecent } from '../basics/recent.ts';
import { FAILURES } from '../core/outcome.ts';
import { asInsert, isAbsent, isUpdate, olderThan, type Subscriber, type Wanted } from '../core/subscriber.ts';
import type { Pushed } from './push.ts';

/** Subscribers remembered, those refused last. */
const REMEMBERED = 1_000;

/**
 * Inserts that the core refused while NSPS waits, for a number that another SIM had, say: nobody was promised them, and nothing of
 * them is known otherwise. What NSPS has of the subscriber since would be an update of nobody, and the insert itself may be
 * refused for ever. Forgotten with the process: NSPS sends the insert again, too.
 */
export class RefusedInserts {
  readonly #inserts = new Map<string, Wanted>();

  /** To be told what came of each state of an event. */
  learn({ wanted, outcome }: Pushed): void {
    const { imsi } = wanted.change.state;
    if (outcome.kind === 'done') this.#inserts.delete(imsi);
    else if (wanted.change.action === 'insert' && FAILURES[outcome.failure.code].kind === 'rejected')
      keepRecent(this.#inserts, imsi, wanted, REMEMBERED);
  }

  /**
   * An update as it is sent to a core that refused an earlier insert of the subscriber: as an insert, too. The refusal may have
   * been that he is there, so an update goes first, as where an insert is in doubt (`asSent`).
   */
  inItsPlace<Known extends Subscriber>(known: Known, wanted: Wanted): { known: Known; wanted: Wanted } {
    const insert = this.#inserts.get(known.imsi) ?? null;
    // What was refused in its place itself is sent so again, when NSPS does.
    const isNewer = insert !== null && !olderThan(wanted.version, insert);
    if (!isNewer || !isUpdate(wanted.change) || !isAbsent(known.applied)) return { known, wanted };
    return { known: { ...known, unsettledUntil: known.unsettledUntil ?? 0 }, wanted: asInsert(wanted) };
  }
}
