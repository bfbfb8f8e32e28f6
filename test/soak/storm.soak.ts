import { describe, test } from 'node:test';
import { DURABLE, nameOf, weather } from '../helpers/durable-storm.ts';

/** As large as the storm that the Python connector was measured with. */
const SUBSCRIBERS = 250;
const SEEDS = Number(process.env['SOAK_SEEDS'] ?? 20);
/** `sqlite` or `postgres`: only the storms on that store. */
const ONLY = process.env['SOAK_ONLY'];

for (const durable of DURABLE) {
  if (ONLY !== undefined && durable.store !== ONLY) continue;
  describe(nameOf(durable), () => {
    for (let seed = 1; seed <= SEEDS; seed++) test(`seed ${seed}`, () => weather(durable, seed, SUBSCRIBERS));
  });
}
