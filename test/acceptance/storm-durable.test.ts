import { describe, test } from 'node:test';
import { DURABLE, FULL_STRICT, nameOf, weather } from '../helpers/durable-storm.ts';

/** The guarantees G1–G5 under every fault at once; `npm run test:soak` does it with more subscribers and many seeds. */
describe('a storm with two kill -9 in its middle breaks no promise', () => {
  for (const durable of DURABLE) {
    test(nameOf(durable), () => weather(durable, 11, 60));
  }
  test('queued, when SIMs are created and deleted, too', () =>
    weather({ delivery: 'queued', store: 'sqlite' }, 11, 25, FULL_STRICT));
});
