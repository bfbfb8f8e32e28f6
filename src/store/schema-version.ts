import { StoreError } from '../ports/store.ts';

/** @throws StoreError when the tables were made by a newer program. */
export function refuseNewer(version: number, known: number): void {
  if (version <= known) return;
  throw new StoreError(
    `the database is of a newer version of the connector (schema ${version}, this one knows ${known}): ` +
      'run that one, or restore a copy from before the upgrade',
    { passing: false },
  );
}

/**
 * For whoever works beside a connector, and must not change the tables under it.
 * @param version of the tables; 0 when there are none.
 * @param nothing how that is said.
 * @throws StoreError when they are not exactly today's.
 */
export function refuseAnyOther(version: number, today: number, nothing: string): void {
  refuseNewer(version, today);
  if (version === today) return;
  throw new StoreError(
    version === 0
      ? `${nothing}: name the one it uses, or start the connector first`
      : `the database is of an older version of the connector (schema ${version}, this one needs ${today}): ` +
          'start the connector of this version first, which brings it up to date',
    { passing: false },
  );
}
