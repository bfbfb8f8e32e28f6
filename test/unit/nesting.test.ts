import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indented, nestsDeep } from '../../src/contract/nesting.ts';
import { SAMPLE_EVENT } from '../../src/contract/samples.ts';

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test('an event is not nested deep; what is, is told however deep it goes and wherever it is', () => {
  assert.equal(nestsDeep(SAMPLE_EVENT), false);
  assert.equal(nestsDeep(JSON.parse(nested(32))), false);
  assert.equal(nestsDeep(JSON.parse(nested(33))), true);
  assert.equal(nestsDeep({ first: 1, last: [null, JSON.parse(nested(100_000))] }), true);
});

test('JSON is indented; what is none, or would grow by a line of a thousand blanks a level, stays as it came', () => {
  assert.equal(indented('{"a":[1]}'), '{\n  "a": [\n    1\n  ]\n}');
  assert.equal(indented('{"a":'), '{"a":');
  for (const text of [nested(1_000), nested(100_000)]) assert.equal(indented(text), text);
});
