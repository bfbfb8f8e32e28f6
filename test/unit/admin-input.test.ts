import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenSchema, discardSchema } from '../../src/contract/admin.ts';
import { readBody } from '../../src/contract/admin-bodies.ts';
import { readParams } from '../../src/contract/admin-params.ts';
import { ADMIN_ROUTES, allowedMethods, EVENTS_QUERY } from '../../src/contract/admin-routes.ts';
import { cell } from '../../src/http/admin/export.ts';
import { IMSI } from '../helpers/events.ts';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

test('parameters become values, with defaults, and an empty one counts as not given', () => {
  const read = readParams(EVENTS_QUERY, { state: 'dead', imsi: '', from: '2026-01-15T10:00:00+02:00', before: '17' });
  assert.ok(read.ok);
  assert.deepEqual(
    [read.value.state, read.value.imsi, read.value.from, read.value.before, read.value.limit],
    ['dead', undefined, Date.UTC(2026, 0, 15, 8), 17, 50],
  );
});

test('everything that is wrong with parameters is named at once', () => {
  const read = readParams(EVENTS_QUERY, {
    state: 'gone',
    imsi: '123',
    from: 'yesterday',
    until: '2026-13-45T00:00:00Z',
    limit: ['1', '2'],
    text: '\0',
    colour: 'red',
  });
  assert.ok(!read.ok);
  assert.deepEqual(
    read.faults.map(({ path }) => path),
    ['colour', 'state', 'imsi', 'from', 'until', 'text', 'limit'],
  );
  assert.match(read.faults[1]?.message ?? '', /^must be one of processed, .*, discarded$/);
});

test('bodies are what their schema says, or every fault is named', () => {
  assert.deepEqual(readBody(chosenSchema, json({ imsis: [IMSI] })), { ok: true, value: { imsis: [IMSI] } });
  for (const [body, words] of [
    ['{', /\(body\) must be JSON/],
    ['{}', /\(body\) must hold one of imsis, letters, why and all/],
    ['{"all":true,"why":"x"}', /\(body\) must hold one of/],
    ['{"imsis":["12"]}', /imsis\[0\] must be 15 digits/],
    ['{"imsis":[]}', /imsis must not have fewer than 1 items/],
    ['{"all":true,"x":1}', /must not hold x/],
    ['[]', /\(body\) must be object/],
  ] as const) {
    const read = readBody(chosenSchema, Buffer.from(body));
    assert.ok(!read.ok, body);
    assert.match(read.faults.map(({ path, message }) => `${path} ${message}`).join('; '), words);
  }
  const more = readBody(chosenSchema, json({ all: true, x: 1, y: 2 }));
  assert.ok(!more.ok);
  assert.deepEqual(
    more.faults.map(({ message }) => message),
    ['must not hold x, y', 'must hold one of imsis, letters, why and all'],
    'each is said once',
  );
  const discard = readBody(discardSchema, json({ chosen: { all: true } }));
  assert.deepEqual(discard, { ok: false, faults: [{ path: 'reason', message: 'is required' }] });
  const nothing = readBody(discardSchema, json({}));
  assert.deepEqual(nothing, {
    ok: false,
    faults: ['chosen', 'reason'].map((path) => ({ path, message: 'is required' })),
  });
});

test('methods of a path are those of its routes', () => {
  assert.equal(allowedMethods(ADMIN_ROUTES, `/admin/v1/subscribers/${IMSI}/resync`), 'GET, HEAD, POST');
  assert.equal(allowedMethods(ADMIN_ROUTES, '/admin/v1/events/'), null);
  assert.equal(allowedMethods(ADMIN_ROUTES, '/admin/v1'), null);
});

test('no cell of a table is a formula, or more than a cell', () => {
  assert.equal(cell('plain'), 'plain');
  assert.equal(cell('001010000020349'), '001010000020349');
  assert.equal(cell('a,"b"\nc'), '"a,""b""\nc"');
  for (const evil of ['=1+1', '+1', '-1', '@x', '\t=1', ' =1', '%x', '|x', '＝1+1', '＠x']) {
    assert.equal(cell(evil), `"'${evil}"`);
  }
});
