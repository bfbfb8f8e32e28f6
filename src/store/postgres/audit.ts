import { storable } from '../../core/text.ts';
import type { Deed } from '../../ports/operating.ts';
import type { Statement } from './database.ts';

/** What operators did. */
export const NOTE: Statement = {
  name: 'note',
  text: `INSERT INTO nsps_connector.audit (at, who, what, subject, detail)
    VALUES (nsps_connector.now_ms(), $1, $2, $3, $4)`,
};

/** In the order of the parameters of `NOTE`. */
export function deedParameters({ who, what, subject, detail }: Deed): (string | null)[] {
  return [who, what, subject, detail].map((text) => (text === null ? null : storable(text)));
}
