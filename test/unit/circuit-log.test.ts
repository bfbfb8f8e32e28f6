import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DONE, failed, type Outcome } from '../../src/core/outcome.ts';
import { Attempts } from '../../src/delivery/attempts.ts';
import { Breaker } from '../../src/delivery/breaker.ts';
import { Gate } from '../../src/delivery/gate.ts';
import { CircuitLog } from '../../src/observe/circuit-log.ts';
import type { Target } from '../../src/ports/target.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { memoryLog } from '../helpers/log.ts';
import { wantedAt } from '../helpers/subscribers.ts';

const COOLDOWN_MS = 5_000;

test('the log says when the circuit opens, why and for how long, and when it closes', async () => {
  const clock = new FakeClock();
  const log = memoryLog();
  const breaker = new Breaker({ failures: 2, cooldownMs: COOLDOWN_MS }, clock);
  let answer: Outcome = failed('connect_failed', 'Connection refused');
  const target: Target = { name: 'core', apply: async () => answer, close: async () => {} };
  const gate = new Gate({ concurrency: 1, perSecond: 0 }, clock);
  const observer = new CircuitLog(breaker, COOLDOWN_MS, clock, log);
  const attempts = new Attempts({ target, gate, breaker, clock, observer });
  const call = () => attempts.once(wantedAt(1).change, { requestId: 'r', uniqueId: 'u', deadline: 1e9 });

  await call();
  assert.equal(log.lines.length, 0);
  await call();
  const [opened] = log.lines;
  assert.deepEqual(
    [opened?.level, opened?.fields],
    ['warn', { error: 'Connection refused', result: 'connect_failed', cooldown_s: 5 }],
  );
  assert.match(opened?.message ?? '', /^The circuit opened/);
  await clock.advance(COOLDOWN_MS);
  await call();
  assert.equal(log.lines.length, 1, 'a probe that fails is no news');
  await clock.advance(COOLDOWN_MS);
  answer = DONE;
  await call();
  assert.deepEqual(log.lines.at(-1), {
    level: 'info',
    fields: { open_s: 10 },
    message: 'The circuit closed: the core works again',
  });
});
