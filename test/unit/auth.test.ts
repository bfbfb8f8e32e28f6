import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../src/config/secret.ts';
import { Authenticator } from '../../src/http/auth.ts';

test('accepts the tokens in force and nothing like them, also after they changed', () => {
  const [current, previous] = [new Secret('now-ä-token'), new Secret('before')];
  const authenticator = new Authenticator([current, previous]);
  const accepted = (token: string) => authenticator.accepts(`Bearer ${token}`);
  for (const token of ['now-ä-token', 'before']) assert.ok(accepted(token), token);
  for (const token of ['now-ä-tokem', 'Now-ä-token', 'befor', 'before1', 'afterw', 'now-ä-token-and-more']) {
    assert.ok(!accepted(token), token);
  }
  assert.ok(authenticator.accepts('bearer   before  '), 'the scheme in any case, spaces around the token');
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Basic before', 'Bearer before now', 'before']) {
    assert.ok(!authenticator.accepts(header), String(header));
  }
  current.replace('a-longer-token-than-before');
  previous.replace('');
  assert.deepEqual(['a-longer-token-than-before', 'now-ä-token', 'before', ''].map(accepted), [
    true,
    false,
    false,
    false,
  ]);
});
