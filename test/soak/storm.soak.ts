import { describe, test } from 'node:test';
import { DURABLE, FULL, FULL_STRICT, nameOf, weather } from '../helpers/durable-storm.ts';

/** As large as the storm that the Python connector was measured with. */
const SUBSCRIBERS = 250;
const SEEDS = Number(process.env['SOAK_SEEDS'] ?? 20);
/** `sqlite` or `postgres`: only the storms on that store. */
const ONLY = process.env['SOAK_ONLY'];

for (const durable of DURABLE) {
  if (ONLY !== undefined && durable.store !== ONLY) continue;
  describe(nameOf(durable), () => {
    for (let seed = 1; seed <= SEEDS; seed++) test(`seed ${seed}`, () => weather(durable, seed, SUBSCRIBERS));
    for (let seed = 1; seed <= SEEDS / 2; seed++) {
      const lives = seed % 2 === 0 ? FULL : FULL_STRICT;
      test(`seed ${seed}, ${lives.join(' ')}`, () => weather(durable, seed, SUBSCRIBERS, lives));
    }
  });
}
