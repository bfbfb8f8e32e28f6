import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileWords, networkWords, systemCode } from '../../src/config/system-words.ts';

const coded = (code: string) => Object.assign(new Error('as the system says it'), { code });

test('codes of the system are told in words, with the code to search for', () => {
  assert.equal(fileWords(coded('ENOENT')), 'there is no such file or folder (ENOENT)');
  assert.equal(networkWords(coded('ECONNREFUSED')), 'Connection refused (ECONNREFUSED)');
  assert.equal(networkWords(coded('UND_ERR_HEADERS_TIMEOUT')), 'No answer came in time (UND_ERR_HEADERS_TIMEOUT)');
  assert.equal(networkWords(coded('EUNHEARDOF')), 'EUNHEARDOF');
  assert.equal(networkWords(new Error('no code at all')), 'no code at all');
  assert.equal(
    networkWords(Object.assign(new Error('x'), { name: 'HTTPParserError' })),
    'What answers there is not HTTP',
  );
});

test('of several addresses the first one speaks for all', () => {
  assert.equal(systemCode(new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')])), 'ECONNREFUSED');
  assert.equal(systemCode('no error'), '');
});
