import assert from 'node:assert/strict';
import { postgresBench } from './postgres.ts';
import { run } from './program.ts';

export const DURABLE = [
  { delivery: 'inline', store: 'sqlite' },
  { delivery: 'queued', store: 'sqlite' },
  { delivery: 'inline', store: 'postgres' },
  { delivery: 'queued', store: 'postgres' },
] as const;

export type Durable = (typeof DURABLE)[number];

/** How a storm is called in a test's title. */
export function nameOf({ delivery, store }: Durable): string {
  return `${delivery}, ${store === 'sqlite' ? 'one connector on SQLite' : 'three connectors on PostgreSQL'}`;
}

/** Lives in which SIMs are created and deleted, too, before a core that takes in whom it does not know, and one that does not. */
export const FULL = ['--lives', 'full'] as const;
export const FULL_STRICT = [...FULL, '--known-only'] as const;

/**
 * Plays a storm with two `kill -9` in its middle, every fault of the core included, and asserts that no promise was broken.
 * @param lives options that say what is played: changes of those who are there, when absent.
 */
export async function weather(
  { delivery, store }: Durable,
  seed: number,
  subscribers: number,
  lives: readonly string[] = [],
): Promise<void> {
  await using bench = store === 'postgres' ? await postgresBench() : null;
  const where = bench ? ['--store', bench.url, '--instances', '3'] : [];
  const size = ['--subscribers', String(subscribers), '--changes', '8', '--seed', String(seed), '--kills', '2'];
  const { code, stdout, stderr } = await run(['storm', '--delivery', delivery, ...size, ...lives, ...where, '--json']);
  const played = [`seed ${seed}`, ...lives].join(' ');
  assert.equal(code, 0, `${nameOf({ delivery, store } as Durable)}, ${played}:\n${stdout}${stderr}`);
  const report = JSON.parse(stdout) as Record<string, number>;
  const { divergent, orderViolations, overlaps, clashes, acknowledged, events, kills } = report;
  assert.deepEqual(
    { divergent, orderViolations, overlaps, clashes, acknowledged, kills },
    { divergent: 0, orderViolations: 0, overlaps: 0, clashes: 0, acknowledged: events, kills: 2 },
  );
}
