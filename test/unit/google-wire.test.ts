import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lastRowIn, rowCountIn, understand, understandToken, valuesIn } from '../../src/targets/google-sheets/wire.ts';
import type { Reply } from '../../src/targets/http-exchange.ts';

const NOW = Date.parse('2026-01-15T10:00:00Z');

function answer(status: number, body: unknown, retryAfter?: string): Reply {
  return { kind: 'answer', status, body: typeof body === 'string' ? body : JSON.stringify(body), retryAfter };
}

const error = (message: string) => ({ error: { code: 0, message, status: 'X' } });

describe("what Google's answers mean", () => {
  for (const [status, message, code] of [
    [400, 'Invalid values[0][1]: struct_value', 'row_refused'],
    [400, 'Unable to parse range: Sheet9!A:F', 'place_missing'],
    [400, 'Range (Sheet1!A5000) exceeds grid limits. Max rows: 1000, max columns: 26', 'place_missing'],
    [
      400,
      'This action would increase the number of cells in the workbook above the limit of 10000000 cells.',
      'misconfigured',
    ],
    [400, 'You are trying to edit a protected cell or object.', 'misconfigured'],
    [401, 'Request had invalid authentication credentials.', 'unauthorized'],
    [403, 'The caller does not have permission', 'misconfigured'],
    [403, 'User Rate Limit Exceeded', 'rate_limited'],
    [403, "Quota exceeded for quota metric 'Read requests'", 'rate_limited'],
    [400, 'This operation is not supported for this document', 'misconfigured'],
    [404, 'Requested entity was not found.', 'place_missing'],
    [408, 'The request timed out.', 'core_error'],
    [413, 'Request Entity Too Large', 'row_refused'],
    [429, "Quota exceeded for quota metric 'Write requests'", 'rate_limited'],
    [500, 'Internal error encountered.', 'core_error'],
    [502, 'Bad Gateway', 'bad_gateway'],
    [503, 'The service is currently unavailable.', 'core_error'],
  ] as const) {
    test(`${status} ${message.slice(0, 40)} → ${code}`, () => {
      const told = understand(answer(status, error(message)), NOW, '', () => null);
      assert.equal(told.kind === 'failed' && told.failure.code, code);
      assert.match(
        told.kind === 'failed' ? told.failure.why : '',
        new RegExp(`^(Google answered ${status}|Resource not found): `),
      );
    });
  }

  test('a page in place of JSON is of somebody on the way', () => {
    for (const status of [408, 500, 502, 503, 504]) {
      for (const page of ['<html>Error</html>', '', '{}']) {
        const told = understand(answer(status, page), NOW, '', () => null);
        assert.equal(told.kind === 'failed' && told.failure.code, 'bad_gateway', `${status} ${page}`);
      }
    }
  });

  test('no answer: not sent is certain, anything later is not', () => {
    for (const [kind, code] of [
      ['unsent', 'connect_failed'],
      ['cut', 'cut'],
      ['timeout', 'timeout'],
    ] as const) {
      const told = understand({ kind, why: 'w' }, NOW, '', () => null);
      assert.equal(told.kind === 'failed' && told.failure.code, code);
    }
  });

  test('good answers are read, and those that are something else are not taken for good', () => {
    const appended = { spreadsheetId: 's', updates: { updatedRange: "'My sheet'!A12:F34" } };
    assert.deepEqual(understand(answer(200, appended), NOW, '', lastRowIn), { kind: 'done', value: 34 });
    assert.deepEqual(understand(answer(200, { spreadsheetId: 's' }), NOW, '', lastRowIn), {
      kind: 'done',
      value: null,
    });
    const garbage = understand(answer(200, '<html>'), NOW, '', lastRowIn);
    assert.equal(garbage.kind === 'failed' && garbage.failure.code, 'not_understood');
    assert.deepEqual(valuesIn({ range: 'r', values: [['a', '', 3]] }), ['a', '', '3']);
    assert.deepEqual(valuesIn({ range: 'r' }), []);
    assert.equal(valuesIn([]), undefined);
    const sheets = { sheets: [{ properties: { title: 'A', gridProperties: { rowCount: 7 } } }] };
    assert.deepEqual([rowCountIn(sheets, 'A'), rowCountIn(sheets, 'B'), rowCountIn({}, 'A')], [7, null, undefined]);
  });

  test('says when to come back, and never tells a token', () => {
    const told = understand(answer(429, error('token ya29.abc is tired'), '7'), NOW, 'ya29.abc', () => null);
    assert.deepEqual(told, {
      kind: 'failed',
      failure: {
        code: 'rate_limited',
        why: 'Google answered 429: token [redacted] is tired',
        coreStatus: 429,
        retryAfterMs: 7000,
      },
    });
  });

  test('a token that is refused is about the key; one that cannot be had now may be asked for again', () => {
    const codeOf = (reply: Reply) => {
      const told = understandToken(reply, NOW);
      return told.kind === 'failed' ? told.failure.code : told.value;
    };
    const good = { access_token: 'ya29.x', expires_in: 3599, token_type: 'Bearer' };
    assert.deepEqual(codeOf(answer(200, good)), { token: 'ya29.x', lifeMs: 3_599_000 });
    const refused = { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' };
    assert.equal(codeOf(answer(400, refused)), 'misconfigured');
    assert.equal(codeOf(answer(503, '')), 'rate_limited');
    assert.equal(codeOf(answer(200, {})), 'rate_limited');
    assert.equal(codeOf({ kind: 'timeout', why: 'w' }), 'connect_failed');
  });
});
