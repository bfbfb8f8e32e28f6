import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePythonPattern } from '../../src/config/python-pattern.ts';

const found = (pattern: string, text: string) => compilePythonPattern(pattern).found(text);

test('searches anywhere, as re.search does', () => {
  assert.equal(found('00101', '9900101'), true);
  assert.equal(found('^00101', '9900101'), false);
});

test('takes what Python writes differently', () => {
  assert.equal(found('(?P<mcc>001)01', '00101'), true);
  assert.equal(found('\\A001', '00101'), true);
  assert.equal(found('\\A001', '900101'), false);
  assert.equal(found('(?i)ABC', 'xabc'), true);
  assert.equal(found('01\\Z', '00101'), true);
  assert.equal(found('00\\Z', '00101'), false);
  assert.equal(found('^(?:0{,2}1)\\Z', '001'), true, '{,n} is {0,n}');
  assert.equal(found('^(?:0{,2}1)\\Z', '0001'), false);
  assert.equal(found('^0{,}1', '0001'), true, '{,} is {0,}');
  assert.equal(found('\\\\Z', '\\Z'), true, 'an escaped backslash before Z is a backslash');
  assert.equal(found('[]Z]', ']'), true, 'a bracket first in a set is itself');
});

test('refuses the rest by name', () => {
  const refused: Record<string, RegExp> = {
    '(?=0)': /look-around/,
    '(?!0)': /look-around/,
    '(?<=0)1': /look-around/,
    '(?<!0)1': /look-around/,
    '(0)\\1': /back-references/,
    '(?P<a>0)(?P=a)': /back-references/,
    '(0)?(?(1)a|b)': /conditional/,
    '(?>0)': /atomic/,
    '(?#note)0': /comments/,
    '(?x) 0': /flags.*"x"/,
    '(?U)0': /flags.*"U"/,
    '[[:digit:]]': /POSIX/,
    '0++': /nested repetition/,
    '(': /missing closing/,
    '[\\Z]': /\\Z/,
  };
  for (const [pattern, reason] of Object.entries(refused))
    assert.throws(() => compilePythonPattern(pattern), reason, pattern);
});

test('takes time linear in the text', () => {
  const pattern = compilePythonPattern('(0+)+$');
  assert.equal(pattern.found(`${'0'.repeat(20_000)}x`), false);
});
