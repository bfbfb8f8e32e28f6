import type { Limits } from '../../core/subscriber.ts';
import type { Database, Statement } from './database.ts';

/** Subscribers at a time: nobody waits long for their rows. */
const MOST = 5_000;

/** Whoever is locked is being claimed, or written, by somebody else: the next time finds him. */
const PULL_IN: Statement = {
  name: 'pull-in',
  text: `
    WITH clock AS MATERIALIZED (SELECT nsps_connector.now_ms() AS now)
    UPDATE nsps_connector.subscribers SET due_at = clock.now + $1::bigint,
      unsettled_until = least(unsettled_until, clock.now + $2::bigint), waiting_since = least(waiting_since, clock.now)
    FROM clock WHERE imsi = ANY (ARRAY(
      SELECT imsi FROM nsps_connector.subscribers WHERE due_at > (SELECT now FROM clock) + $1::bigint
      ORDER BY due_at DESC LIMIT ${MOST} FOR NO KEY UPDATE SKIP LOCKED))`,
};

/**
 * Whoever waits longer than anybody does was told so before the database's clock was set back, or by another machine that
 * had it before: he waits as long as anybody does at most. A part of them at a time.
 */
export async function pullIn(database: Database, { longestRestMs, settleAfterMs }: Limits): Promise<void> {
  await database.run(PULL_IN, [Math.ceil(longestRestMs), Math.ceil(settleAfterMs)]);
}
