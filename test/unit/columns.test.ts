import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SAMPLE_EVENT } from '../../src/contract/samples.ts';
import { DEFAULT_COLUMNS, idCell, parseColumns, rowOf, titlesOf } from '../../src/core/columns.ts';

const cells = (text: string, event: unknown = SAMPLE_EVENT) => rowOf(event, 'e-1', parseColumns(text)).slice(1);

test("PortaOne's columns, the id before them", () => {
  const columns = parseColumns(DEFAULT_COLUMNS);
  const titles = ['event_id', 'created_at', 'i_account', 'bill_status (billing_model)', 'i_sim_card', 'imsi'];
  assert.deepEqual(titlesOf(columns), titles);
  assert.deepEqual(rowOf(SAMPLE_EVENT, SAMPLE_EVENT.event_id, columns), [
    SAMPLE_EVENT.event_id,
    SAMPLE_EVENT.created_at,
    '277147',
    'open (credit_account)',
    '3793',
    '001010000020349',
  ]);
});

test('titles: of their own, or the last step of the path', () => {
  assert.deepEqual(titlesOf(parseColumns('created_at, pb_data.sim_info.imsi ,Who = handler_id')).slice(1), [
    'created_at',
    'imsi',
    'Who',
  ]);
});

test('the first path that leads to something; nothing is empty; objects are JSON', () => {
  assert.deepEqual(cells('x=no.such|pb_data.sim_info.imsi'), ['001010000020349']);
  assert.deepEqual(cells('x=no.such'), ['']);
  assert.deepEqual(cells('x=pb_data.access_policy_info.attributes.1.name'), ['eps_profile']);
  assert.deepEqual(cells('x=pb_data.account_info.assigned_addons'), ['[]']);
  assert.deepEqual(cells('x=pb_data.account_info.blocked'), ['false']);
  assert.deepEqual(cells('x=constructor.name|__proto__.toString'), [''], 'only what the event itself has');
});

test('text around values, and nothing around nothing', () => {
  assert.deepEqual(cells('x=SIM {pb_data.sim_info.i_sim_card}: {pb_data.sim_info.status}'), ['SIM 3793: used']);
  assert.deepEqual(cells('x={no.such} ({nor.this})'), ['']);
  assert.deepEqual(cells('x={no.such} ({pb_data.sim_info.status})'), [' (used)']);
});

test('what is no list of columns is refused, and the entry named', () => {
  for (const text of ['', 'a,,b', 'x=', '=a', 'x={a', 'x={a b}', 'x=a b', 'x=}a{', 'a..b']) {
    assert.throws(() => parseColumns(text), /the entry ".*" is not such/, text);
  }
  assert.throws(() => parseColumns('a,b.a'), /two columns are called "a"/);
  assert.throws(() => parseColumns('event_id'), /two columns are called "event_id"/);
});

test('a cell never holds more than it can, nor half a character', () => {
  const [cell] = cells('x=text', { text: '😀'.repeat(40_000) });
  assert.ok(cell && cell.length <= 50_000 && cell.isWellFormed() && cell.endsWith('(cut)'));
});

test('ids that differ only in what is not seen have cells of their own, each on one line', () => {
  const ids = [
    'e 1',
    'e  1',
    'e   1',
    ' e 1',
    'e 1 ',
    'e\t1',
    'e\n1',
    'e\r1',
    'e\u00a01',
    'e\\u000a1',
    'e\\1',
    ' ',
    '  ',
  ];
  const found = ids.map(idCell);
  assert.equal(new Set(found).size, ids.length);
  for (const cell of found) assert.match(cell, /^\S+( \S+)*$/);
  assert.equal(idCell('7c2f8f0e-5d0b-4a86 a'), '7c2f8f0e-5d0b-4a86 a');
});

test('of a value nested deeper than can be written a cell says so', () => {
  const [deep, next] = cells('x=deep,y=next', {
    deep: JSON.parse(`${'{"0":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
    next: 1,
  });
  assert.deepEqual([deep, next], ['(nested too deep)', '1']);
});

test('whatever comes in, a row is text, one cell a column', () => {
  const columns = parseColumns(DEFAULT_COLUMNS);
  fc.assert(
    fc.property(fc.anything(), fc.string({ minLength: 1 }), (event, id) => {
      const json: unknown = JSON.parse(JSON.stringify({ pb_data: event }) ?? '{}');
      const row = rowOf(json, id, columns);
      assert.equal(row.length, 6);
      assert.ok(row.every((cell) => typeof cell === 'string' && cell.isWellFormed()));
      assert.notEqual(row[0], '');
    }),
  );
});
