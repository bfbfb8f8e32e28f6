import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Outcome } from '../../src/core/outcome.ts';
import { readRetryAfter } from '../../src/targets/retry-after.ts';
import { classifyAnswer, toWtlRequest } from '../../src/targets/wtl/wire.ts';
import { IMSI, NUMBER } from '../helpers/events.ts';

test('a change becomes a WTL request', () => {
  const state = { imsi: IMSI, status: 'serviceGranted', msisdn: NUMBER, csProfile: 'cs', epsProfile: 'eps' } as const;
  assert.deepEqual(toWtlRequest({ action: 'update', state }), {
    imsi: IMSI,
    subscriber_status: 'serviceGranted',
    msisdn: [NUMBER],
    cs_profile: 'cs',
    eps_profile: 'eps',
    action: 'update',
  });
  assert.deepEqual(toWtlRequest({ action: 'update', state: { ...state, msisdn: null } }).msisdn, []);
});

function told(outcome: Outcome): string {
  return outcome.kind === 'done' ? 'done' : `${outcome.failure.code}: ${outcome.failure.why}`;
}

describe('an answer means', () => {
  const cases: [status: number, body: string, meaning: string][] = [
    [200, '{"result":true}', 'done'],
    [200, '{"result":true,"error":"ignored"}', 'done'],
    [200, '{}', 'done'],
    [200, '{"message":"OK"}', 'done'],
    [200, '{"result":null,"error":null}', 'done'],
    [200, '{"error":""}', 'done'],
    [200, '', 'done'],
    [204, '', 'done'],
    [201, ' \n', 'done'],
    [200, '{"result":false,"error":"Number taken","message":"m"}', 'refused: Number taken'],
    [200, '{"result":false,"message":"Number taken"}', 'refused: Number taken'],
    [200, '{"result":false}', 'refused: Unknown error'],
    [200, '{"result":false,"error":"Subscriber not found"}', 'refused: Subscriber not found'],
    [200, '{"error":"Number taken"}', 'refused: Number taken'],
    [200, '{"result":false,"error":{"code":7}}', 'refused: {"code":7}'],
    [
      200,
      '{"result":"false"}',
      'not_understood: The core answered 200 with something else than its JSON: {"result":"false"}',
    ],
    [200, '[]', 'not_understood: The core answered 200 with something else than its JSON: []'],
    [200, '<html>\n</html>', 'not_understood: The core answered 200 with something else than its JSON: <html> </html>'],
    [400, '{"error":"Bad IMSI"}', 'refused: Bad IMSI'],
    [409, '{"result":false,"error":"Exists"}', 'refused: Exists'],
    [422, 'plain words', 'refused: HTTP 422: plain words'],
    [418, '', 'refused: HTTP 418'],
    [405, '{"error":"No"}', 'refused: No'],
    [
      405,
      '<html>Not Allowed</html>',
      'place_missing: Nothing is provisioned at WTL_API_URL, or a proxy is in between: HTTP 405: <html>Not Allowed</html>',
    ],
    [408, '', 'cut: HTTP 408'],
    [401, '{"error":"No"}', 'credentials: The core refused the token in WTL_API_TOKEN: No'],
    [403, '', 'credentials: The core refused the token in WTL_API_TOKEN: HTTP 403'],
    [404, '{"error":"No such subscriber"}', 'unknown_subscriber: No such subscriber'],
    [404, '', 'unknown_subscriber: HTTP 404'],
    [404, '"No such subscriber"', 'unknown_subscriber: HTTP 404: "No such subscriber"'],
    [
      404,
      '404 page not found',
      'place_missing: Nothing is provisioned at WTL_API_URL, or a proxy is in between: HTTP 404: 404 page not found',
    ],
    [
      404,
      '<html>\n</html>',
      'place_missing: Nothing is provisioned at WTL_API_URL, or a proxy is in between: HTTP 404: <html> </html>',
    ],
    [429, '', 'rate_limited: HTTP 429'],
    [500, '{"error":"Oops"}', 'core_error: Oops'],
    [501, '', 'core_error: HTTP 501'],
    [502, '', 'bad_gateway: HTTP 502'],
    [503, '{"message":"Maintenance"}', 'busy: Maintenance'],
    [503, '', 'busy: HTTP 503'],
    [503, '<html>\n</html>', 'cut: HTTP 503: <html> </html>'],
    [504, '', 'bad_gateway: HTTP 504'],
    [302, '', 'not_understood: HTTP 302'],
  ];
  for (const [status, body, meaning] of cases) {
    test(`${status} ${JSON.stringify(body)} → ${meaning}`, () =>
      assert.equal(told(classifyAnswer({ status, body })), meaning));
  }
  test('a secret in its words is hidden before they are cut', () => {
    const body = JSON.stringify({ error: `${'x'.repeat(290)}core-token-1` });
    assert.doesNotMatch(told(classifyAnswer({ status: 400, body }, 'core-token-1')), /core-/);
  });
  test('long words are cut', () => {
    const words = told(classifyAnswer({ status: 500, body: 'x'.repeat(10_000) }));
    assert.ok(words.length < 400 && words.endsWith('…'));
  });
});

test('Retry-After is read as seconds or as a date', () => {
  const now = Date.parse('2026-01-15T10:00:00Z');
  assert.equal(readRetryAfter('7', now), 7000);
  assert.equal(readRetryAfter('Thu, 15 Jan 2026 10:01:00 GMT', now), 60_000);
  assert.equal(readRetryAfter('Thu, 15 Jan 2026 09:00:00 GMT', now), 0);
  for (const nonsense of ['soon', '-1', '1.5', 'abc 5', '3, 4', '2030-01-01'])
    assert.equal(readRetryAfter(nonsense, now), undefined);
  assert.equal(readRetryAfter('999999999', now), 3_600_000, 'an hour at most');
  assert.equal(readRetryAfter(undefined, now), undefined);
});
