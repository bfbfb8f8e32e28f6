import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readServiceKey } from '../../src/config/google-key.ts';
import { ServiceKeyFile } from '../../src/config/google-key-file.ts';
import { memoryLog } from '../helpers/log.ts';

const PEM = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const KEY = {
  type: 'service_account',
  client_email: 'nsps@example.iam.gserviceaccount.com',
  private_key: PEM,
  token_uri: 'http://127.0.0.1:9/token',
};

test('why the file of a key cannot be used is said in words, once; the former key stays in force', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'key.json');
  const first = readServiceKey(JSON.stringify(KEY));
  assert.ok(typeof first === 'object');
  const file = new ServiceKeyFile(path, first);
  const log = memoryLog();
  const said = () => {
    const before = log.lines.length;
    for (let times = 0; times < 2; times++) assert.equal(file.reread(log), false);
    assert.equal(file.current, first);
    return log.lines.slice(before).map(({ fields }) => fields['reason']);
  };
  assert.deepEqual(said(), ['cannot be read: there is no such file or folder (ENOENT)']);
  mkdirSync(path);
  assert.deepEqual(said(), ['cannot be read: it is a folder (EISDIR)']);
  rmSync(path, { recursive: true });
  writeFileSync(path, '{"type":"service_account"');
  assert.deepEqual(said(), ['is not JSON: a service account key is expected']);
  writeFileSync(path, JSON.stringify(KEY));
  assert.deepEqual(said(), [], 'the same key is no news');
  writeFileSync(path, JSON.stringify({ ...KEY, private_key_id: 'k-2' }));
  assert.equal(file.reread(log), true);
  assert.equal(file.current.keyId, 'k-2');
});
