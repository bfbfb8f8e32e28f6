import type { Overview, Series } from '../../src/contract/admin.ts';
import { ago, MINUTE } from './console-data.ts';

/** The numbers of a busy connector that had a bad quarter of an hour. */

export function overview(part: Partial<Overview> = {}): Overview {
  const second = Date.now() / 1000;
  return {
    at: new Date().toISOString(),
    service: 'wtl-hlr-hss-connector',
    version: '0.1.0',
    target: 'wtl',
    delivery: 'queued',
    store: { kind: 'postgres', fault: null },
    startedAt: ago(26 * 60 * MINUTE),
    circuit: { state: 'closed', retryInMs: null, fault: null },
    inFlight: 6,
    inside: 11,
    waiting: 3,
    rate: { perSecond: Math.round(168 + 20 * Math.sin(second / 3)), limit: 250 },
    backlog: { waiting: 128, oldestMs: 74_000, dead: 32 },
    lastMinute: {
      events: { processed: 9_870, queued: 128, superseded: 61, ignored: 244, rejected: 3 },
      calls: 10_020,
      errors: 41,
      p50Ms: 18.4,
      p95Ms: 61,
      p99Ms: 148,
    },
    records: false,
    simulator: true,
    ...part,
  };
}

export function series(range: Series['range']): Series {
  const stepMs = range === 'hour' ? MINUTE : 20 * MINUTE;
  const count = range === 'hour' ? 60 : 72;
  const end = Math.floor(Date.now() / stepMs) * stepMs;
  return {
    range,
    stepMs,
    points: Array.from({ length: count }, (_, n) => pointAt(end - (count - 1 - n) * stepMs, n, count)),
  };
}

function pointAt(ms: number, n: number, count: number): Series['points'][number] {
  const wave = 1 + 0.35 * Math.sin(n / 5) + 0.15 * Math.sin(n * 1.7);
  const sick = n > count * 0.55 && n < count * 0.65;
  const calls = Math.round(9_000 * wave);
  return {
    at: new Date(ms).toISOString(),
    events: {
      processed: Math.round(8_600 * wave * (sick ? 0.35 : 1)),
      queued: sick ? Math.round(5_200 * wave) : 60,
      superseded: Math.round(300 * wave),
      ignored: Math.round(500 * wave),
      failed: sick ? 420 : 0,
      dead: sick ? 60 : 0,
    },
    calls,
    errors: sick ? Math.round(calls * 0.23) : Math.round(calls * 0.004),
    ...(n % 17 === 3 ? { p50Ms: null, p95Ms: null, p99Ms: null } : durations(wave, sick)),
  };
}

/** Where there was no call there is no duration. */
function durations(wave: number, sick: boolean) {
  return { p50Ms: (sick ? 90 : 18) * wave, p95Ms: (sick ? 600 : 60) * wave, p99Ms: (sick ? 1_400 : 140) * wave };
}
