import { describe, test } from 'node:test';
import { DURABLE, nameOf, weather } from '../helpers/durable-storm.ts';

/** As large as the storm that the Python connector was measured with. */
const SUBSCRIBERS = 250;
const SEEDS = Number(process.env['SOAK_SEEDS'] ?? 20);

for (const durable of DURABLE) {
  describe(nameOf(durable), () => {
    for (let seed = 1; seed <= SEEDS; seed++) test(`seed ${seed}`, () => weather(durable, seed, SUBSCRIBERS));
  });
}
