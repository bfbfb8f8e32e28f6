import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headersFor, originOf } from '../../src/observe/trace-context.ts';

const ID = '463ac35c9f6413ad48485a3953bb6124';
const SPAN = 'a2fb4a1d1a96d312';
const IDS = { requestId: '00000000deadbeef', uniqueId: 'u-1' };
const OWN = `0000000000000000${IDS.requestId}`;

const CASES: readonly [
  headers: Record<string, string>,
  traceId: string,
  parentId: string | null,
  sampled: boolean | null,
][] = [
  [{}, OWN, null, null],
  [{ 'x-b3-traceid': ID }, ID, null, null],
  [{ 'x-b3-traceid': ID.toUpperCase(), 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' }, ID, SPAN, true],
  [
    { 'x-b3-traceid': ID.slice(16), 'x-b3-spanid': SPAN, 'x-b3-sampled': 'false' },
    ID.slice(16).padStart(32, '0'),
    SPAN,
    false,
  ],
  [{ 'x-b3-traceid': ID, 'x-b3-spanid': 'nonsense', 'x-b3-flags': '1' }, ID, null, true],
  [{ 'x-b3-traceid': ID, traceparent: `00-${'1'.repeat(32)}-${SPAN}-01` }, ID, null, null],
  [{ b3: `${ID}-${SPAN}-d` }, ID, SPAN, true],
  [{ b3: `${ID}-${SPAN}-0-${SPAN}` }, ID, SPAN, false],
  [{ b3: `${ID}-${SPAN}` }, ID, SPAN, null],
  [{ b3: '0' }, OWN, null, false],
  [{ 'x-b3-sampled': '1' }, OWN, null, true],
  [{ traceparent: `00-${ID}-${SPAN}-01` }, ID, SPAN, true],
  [{ traceparent: `00-${ID}-${SPAN}-00` }, ID, SPAN, false],
  // A later version may say more behind.
  [{ traceparent: `01-${ID}-${SPAN}-01-more` }, ID, SPAN, true],
  [{ traceparent: `ff-${ID}-${SPAN}-01` }, OWN, null, null],
  [{ traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` }, OWN, null, null],
  [{ traceparent: `00-${ID}-${'0'.repeat(16)}-01` }, OWN, null, null],
  [{ 'x-b3-traceid': '0'.repeat(32) }, OWN, null, null],
  [{ 'x-b3-traceid': `${ID}0` }, OWN, null, null],
];

test('where a trace comes from', () => {
  for (const [headers, traceId, parentId, sampled] of CASES) {
    assert.deepEqual(originOf(headers, IDS), { traceId, parentId, sampled }, JSON.stringify(headers));
  }
});

test('an id that is none gives a new trace', () => {
  const { traceId } = originOf({}, { requestId: 'request 1', uniqueId: 'u' });
  assert.match(traceId, /^[\da-f]{32}$/);
});

test('B3 goes on only where the id that goes out anyway is this trace', () => {
  const span = { traceId: OWN, spanId: SPAN, sampled: false };
  assert.deepEqual(headersFor(span, IDS), {
    traceparent: `00-${OWN}-${SPAN}-00`,
    'x-b3-spanid': SPAN,
    'x-b3-sampled': '0',
  });
  assert.deepEqual(headersFor({ ...span, traceId: ID }, IDS), { traceparent: `00-${ID}-${SPAN}-00` });
});
