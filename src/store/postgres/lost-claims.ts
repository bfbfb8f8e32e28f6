import type { Database, Statement } from './database.ts';

const LET_GO: Statement = {
  name: 'let-go',
  text: `
    UPDATE nsps_connector.subscribers SET lease_owner = NULL, lease_until = NULL, lease_wanted = NULL
    WHERE imsi IN (
      SELECT imsi FROM nsps_connector.subscribers WHERE imsi = ANY($1::bigint[]) AND lease_owner = $2::uuid
      ORDER BY imsi FOR NO KEY UPDATE)`,
};

interface LostClaim {
  readonly claim: string;
  /** IMSIs of those it may hold. */
  readonly keys: readonly number[];
}

/**
 * Claims that nobody was told of: the database may have taken them though whoever asked heard of a fault. Nothing is sent for
 * them, and nobody else should wait until they end by themselves.
 */
export class LostClaims {
  readonly #database: Database;
  readonly #lost = new Set<LostClaim>();
  #underWay: Promise<void> | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  add(lost: LostClaim): void {
    if (lost.keys.length === 0) return;
    this.#lost.add(lost);
    // Should it fail, too, it is done with the next probe.
    this.letGo().catch(() => {});
  }

  /** Ends all of them. Rejects with the plain error when the database cannot. */
  letGo(): Promise<void> {
    this.#underWay ??= this.#letGo().finally(() => {
      this.#underWay = null;
    });
    return this.#underWay;
  }

  async #letGo(): Promise<void> {
    for (const lost of this.#lost) {
      await this.#database.run(LET_GO, [lost.keys, lost.claim]);
      this.#lost.delete(lost);
    }
  }
}
