import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Faults } from '../../sim/faults.ts';
import { runStorm } from '../../sim/storm/storm.ts';
import { startApp } from '../helpers/app.ts';
import { NaiveConnector } from '../helpers/naive-connector.ts';
import { TOKEN } from '../helpers/program.ts';

/** Failures whose result is known at once. */
const PLAIN_FAULTS: Faults = {
  jitter_ms: 10,
  mix: [
    { as: 503, rate: 0.08 },
    { as: 'cut', rate: 0.03 },
    { as: 'applied-500', rate: 0.02 },
  ],
};

const SMALL = { seed: 5, subscribers: 30, changes: 8, token: TOKEN, timeScale: 0.0005, settleAfterMs: 100 };

describe('a storm', () => {
  test('finds nothing wrong with the connector when every failure is known at once', async () => {
    await using stack = new AsyncDisposableStack();
    let acknowledged = 0;
    const report = await runStorm({
      ...SMALL,
      faults: PLAIN_FAULTS,
      connectors: async (coreUrl) => ({ eventUrls: [stack.use(await startApp(coreUrl)).eventUrl] }),
      onAcknowledged: () => acknowledged++,
    });
    assert.equal(report.ok, true, JSON.stringify(report, null, 1));
    assert.deepEqual([report.events, report.acknowledged, acknowledged], [240, 240, 240]);
    const { overlaps, orderViolations, clashes, divergent } = report;
    assert.deepEqual([overlaps, orderViolations, clashes, divergent], [0, 0, 0, 0]);
    assert.notEqual(report.convergedMs, null);
    const answered = Object.values(report.answers).reduce((sum, count) => sum + count);
    assert.ok(answered > report.events, 'some are delivered again');
    assert.ok((report.core.outcomes['fault: applied-500'] ?? 0) > 0, 'the core fails');
    const { p50, p95, p99, max } = report.latencyMs;
    assert.ok(p50 <= p95 && p95 <= p99 && p99 <= max);
  });

  for (const { DELIVERY, knownOnly } of [
    { DELIVERY: 'inline', knownOnly: false },
    { DELIVERY: 'inline', knownOnly: true },
    { DELIVERY: 'queued', knownOnly: true },
  ]) {
    const core = knownOnly ? 'knows only whom it inserted' : 'takes in whom it does not know';
    test(`${DELIVERY}: nor when SIMs are created and deleted, and the core ${core}`, async () => {
      await using stack = new AsyncDisposableStack();
      const EVENT_ACTIONS = 'SIM/Created=insert,SIM/Deleted=delete';
      const env = { DELIVERY, EVENT_ACTIONS, RETRY_FIRST_PAUSE: '0.05', SETTLE_AFTER: '0.2' };
      const report = await runStorm({
        ...SMALL,
        lives: 'full',
        knownOnly,
        faults: PLAIN_FAULTS,
        settleMs: 10_000,
        connectors: async (coreUrl) => ({ eventUrls: [stack.use(await startApp(coreUrl, env)).eventUrl] }),
      });
      assert.equal(report.ok, true, JSON.stringify(report, null, 1));
      assert.deepEqual([report.acknowledged, report.lives, report.knownOnly], [240, 'full', knownOnly]);
      assert.ok((report.core.outcomes['Subscriber <imsi> not found'] ?? 0) > 0, 'the core has somebody no more');
    });
  }

  test('finds who is not deleted', async () => {
    await using stack = new AsyncDisposableStack();
    const report = await runStorm({
      ...SMALL,
      subscribers: 10,
      lives: 'full',
      timeScale: 0.0001,
      faults: {},
      settleMs: 100,
      // It ignores SIM/Created and SIM/Deleted.
      connectors: async (coreUrl) => ({ eventUrls: [stack.use(await startApp(coreUrl)).eventUrl] }),
    });
    assert.equal(report.acknowledged, report.events);
    const left = report.divergences.filter(({ expected, found }) => expected === null && found !== null);
    assert.ok(!report.ok && left.length > 0, JSON.stringify(report, null, 1));
  });

  test('finds every fault of a connector that passes events on as they come', async () => {
    await using stack = new AsyncDisposableStack();
    const report = await runStorm({
      ...SMALL,
      // So long that requests meet also where this process does not always get to run: what a stall may explain is not judged.
      faults: { ...PLAIN_FAULTS, latency_ms: 200 },
      settleMs: 100,
      connectors: async (coreUrl) => ({ eventUrls: [stack.use(await NaiveConnector.start(coreUrl)).eventUrl] }),
    });
    assert.equal(report.ok, false);
    assert.equal(report.acknowledged, report.events);
    for (const found of ['overlaps', 'orderViolations', 'clashes', 'divergent'] as const) {
      assert.ok(report[found] > 0, `${found}: ${JSON.stringify(report.core)}, ${report.unclear} unclear`);
    }
    assert.equal(report.convergedMs, null);
    const [first] = report.divergences;
    assert.ok(first && first.history.length > 0);
    assert.notDeepEqual(first.found, first.expected);
  });

  test('gives up when nothing is acknowledged any more, and stops when it is told to', async () => {
    const nobody = { ...SMALL, connectors: () => ({ eventUrls: ['http://127.0.0.1:1/process-event'] }), settleMs: 1 };
    const report = await runStorm({ ...nobody, stallMs: 300 });
    assert.deepEqual([report.ok, report.acknowledged, report.core.calls], [false, 0, 0]);
    assert.deepEqual(Object.keys(report.answers), ['no answer ECONNREFUSED']);
    const reason = new Error('enough');
    await assert.rejects(runStorm({ ...nobody, signal: AbortSignal.abort(reason) }), reason);
  });

  test('kills at even points, goes on at the next address, and reports a connector that does not come back', async () => {
    await using stack = new AsyncDisposableStack();
    const killed: number[] = [];
    const report = await runStorm({
      ...SMALL,
      subscribers: 10,
      faults: {},
      kills: 2,
      connectors: async (coreUrl) => {
        const eventUrls = ['http://127.0.0.1:1/process-event', stack.use(await startApp(coreUrl)).eventUrl];
        return { eventUrls, kill: async (index) => void killed.push(index) };
      },
    });
    assert.equal(report.ok, true, JSON.stringify(report, null, 1));
    assert.deepEqual([report.kills, killed.length], [2, 2]);
    const gone = new Error('does not come back');
    const failing = runStorm({
      ...SMALL,
      faults: {},
      kills: 1,
      connectors: async (coreUrl) => {
        const { eventUrl } = stack.use(await startApp(coreUrl));
        return { eventUrls: [eventUrl], kill: () => Promise.reject(gone) };
      },
    });
    await assert.rejects(failing, gone);
  });
});
