import type { Deed } from '../../ports/operating.ts';
import type { Statement } from './database.ts';
import { plain } from './rows.ts';

/** What operators did. */
export const NOTE: Statement = {
  name: 'note',
  text: `INSERT INTO nsps_connector.audit (at, who, what, subject, detail)
    VALUES (nsps_connector.now_ms(), $1, $2, $3, $4)`,
};

export function deedParameters({ who, what, subject, detail }: Deed): (string | null)[] {
  return [who, what, subject, detail].map((text) => (text === null ? null : plain(text)));
}

/**
 * However many events there are: what operators did is kept for its time. Of the oldest so many those that are too old:
 * whoever cleans must not read all that there is, time and again.
 */
export const CLEAN_AUDIT: Statement = {
  name: 'clean-audit',
  text: `DELETE FROM nsps_connector.audit WHERE at < $1 AND seq = ANY (ARRAY(
      SELECT seq FROM nsps_connector.audit ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED))`,
};
