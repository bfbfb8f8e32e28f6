/** For how long a session of the database may wait for what, in milliseconds. */
export interface SessionLimits {
  /** A statement, whatever keeps it waiting. */
  readonly statementMs: number;
  /** A transaction from its beginning to its end; no limit when absent, nor before PostgreSQL 17, which knows none. */
  readonly transactionMs?: number;
}

/**
 * When a client does not say anything, the server asks after so many seconds whether it is still there, again after so many,
 * and takes it for gone when so many questions were not answered. By itself it asks after two hours.
 */
const [ASK_AFTER_S, ASK_AGAIN_AFTER_S, QUESTIONS] = [10, 5, 3];
/** And so is one that does not confirm for as long, in milliseconds, what was sent to it. */
const UNCONFIRMED_MS = (ASK_AFTER_S + ASK_AGAIN_AFTER_S * QUESTIONS) * 1000;

/**
 * Each statement sees what was committed before it, and goes on once it has waited for a lock. By another default of the database,
 * or of the user, it would be refused then, and so would a step of the tables that another instance took.
 */
const ISOLATION = ['default_transaction_isolation', 'read committed'] as const;

/**
 * The statement that sets the isolation of a session, and its limits: whoever is gone in the middle of a transaction must not keep
 * its rows locked. Not told as the connection is made: poolers (pgbouncer) refuse such parameters. Only what this server knows is
 * set.
 */
export function limitsOfSession({ statementMs, transactionMs }: SessionLimits): string {
  const limits = {
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    ...(transactionMs !== undefined && { transaction_timeout: transactionMs }),
    tcp_keepalives_idle: ASK_AFTER_S,
    tcp_keepalives_interval: ASK_AGAIN_AFTER_S,
    tcp_keepalives_count: QUESTIONS,
    tcp_user_timeout: UNCONFIRMED_MS,
  };
  const numbers = Object.entries(limits).map(([name, value]) => [name, Math.ceil(value)]);
  const wanted = [ISOLATION, ...numbers].map(([name, value]) => `('${name}', '${value}')`);
  return `SELECT set_config(name, value, false) FROM (VALUES ${wanted.join(', ')}) AS wanted (name, value)
    WHERE name IN (SELECT name FROM pg_settings)`;
}
