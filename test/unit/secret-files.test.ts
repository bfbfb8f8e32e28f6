import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { SecretFiles } from '../../src/config/secret-files.ts';
import { memoryLog } from '../helpers/log.ts';

const NAMES = ['API_TOKEN', 'API_TOKEN_PREVIOUS', 'METRICS_TOKEN', 'ADMIN_TOKEN', 'CONSOLE_TOKEN'] as const;
type Name = (typeof NAMES)[number];
type Tokens = Partial<Record<Name, string>>;

/** A connector's tokens, each in a file of its own. */
function tokensInFiles(t: TestContext, first: Tokens) {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (tokens: Tokens) => {
    for (const [name, token] of Object.entries(tokens)) writeFileSync(join(folder, name), token);
  };
  write(first);
  const files = NAMES.map((name) => [`${name}_FILE`, join(folder, name)]);
  const config = loadConfig({ ...Object.fromEntries(files), WTL_API_URL: 'http://127.0.0.1:9', WTL_API_TOKEN: 'core' });
  const log = memoryLog();
  const secrets = new SecretFiles(config, log);
  return {
    /** Writes files, and reads all of them. @returns what was said, `NAME: words`. */
    change: (tokens: Tokens) => {
      write(tokens);
      const before = log.lines.length;
      secrets.reload();
      return log.lines
        .slice(before)
        .map(({ fields, message }) => `${fields['setting']}: ${fields['reason'] ?? message}`);
    },
    inForce: (name: Name) => config.settings[name]?.reveal(),
    log,
  };
}

const FIRST = { API_TOKEN: 'nsps-1', METRICS_TOKEN: 'metrics-1', ADMIN_TOKEN: 'admin-1', CONSOLE_TOKEN: 'console-1' };

test('a file that grew too large leaves the old token in force', (t) => {
  const files = tokensInFiles(t, FIRST);
  const [said, ...others] = files.change({ API_TOKEN: 'x'.repeat(2 ** 21) });
  assert.deepEqual(others, []);
  assert.match(said ?? '', /^API_TOKEN: it has 2097152 bytes/);
  assert.equal(files.inForce('API_TOKEN'), 'nsps-1');
});

describe('a token read from its file while the connector runs', () => {
  test('is refused when it opens the door of another one, and the old one stays', (t) => {
    const wrong: [Tokens, string][] = [
      [{ METRICS_TOKEN: 'nsps-1' }, 'METRICS_TOKEN: the same as API_TOKEN'],
      [{ METRICS_TOKEN: 'admin-1' }, 'METRICS_TOKEN: the same as ADMIN_TOKEN'],
      [{ API_TOKEN: 'metrics-1' }, 'API_TOKEN: the same as METRICS_TOKEN'],
      [{ API_TOKEN_PREVIOUS: 'metrics-1' }, 'API_TOKEN_PREVIOUS: the same as METRICS_TOKEN'],
      [{ API_TOKEN: 'console-1' }, 'API_TOKEN: the same as CONSOLE_TOKEN'],
      [{ ADMIN_TOKEN: 'metrics-1' }, 'ADMIN_TOKEN: the same as METRICS_TOKEN'],
      [{ CONSOLE_TOKEN: 'nsps-1' }, 'CONSOLE_TOKEN: the same as API_TOKEN'],
    ];
    for (const [tokens, words] of wrong) {
      const files = tokensInFiles(t, FIRST);
      assert.deepEqual(files.change(tokens), [words]);
      for (const name of NAMES) assert.equal(files.inForce(name), (FIRST as Tokens)[name] ?? '', words);
      assert.doesNotMatch(JSON.stringify(files.log.lines), /nsps-1|metrics-1|admin-1|console-1/);
    }
  });

  test('is refused with the other one when both become the same', (t) => {
    const files = tokensInFiles(t, FIRST);
    assert.deepEqual(files.change({ API_TOKEN: 'both', METRICS_TOKEN: 'both' }), [
      'API_TOKEN: the same as METRICS_TOKEN',
      'METRICS_TOKEN: the same as API_TOKEN',
    ]);
    assert.deepEqual([files.inForce('API_TOKEN'), files.inForce('METRICS_TOKEN')], ['nsps-1', 'metrics-1']);
  });

  test('is refused when it is the old one of another that had to keep it', (t) => {
    const files = tokensInFiles(t, FIRST);
    const said = files.change({ API_TOKEN: 'two words', METRICS_TOKEN: 'nsps-1' });
    assert.equal(said.length, 2);
    assert.match(said[0] ?? '', /^API_TOKEN: not a token/);
    assert.equal(said[1], 'METRICS_TOKEN: the same as API_TOKEN');
    assert.equal(files.inForce('METRICS_TOKEN'), 'metrics-1');
  });

  test('may be what another one was until now', (t) => {
    const files = tokensInFiles(t, FIRST);
    const said = files.change({ API_TOKEN: 'metrics-1', METRICS_TOKEN: 'admin-1', ADMIN_TOKEN: 'nsps-1' });
    assert.deepEqual(said.sort(), (['ADMIN_TOKEN', 'API_TOKEN', 'METRICS_TOKEN'] as const).map(reloaded));
    assert.equal(files.inForce('METRICS_TOKEN'), 'admin-1');
  });

  test('may be that of its own door: the old token of NSPS is valid for a while', (t) => {
    const files = tokensInFiles(t, FIRST);
    assert.deepEqual(files.change({ API_TOKEN_PREVIOUS: 'nsps-1' }), [reloaded('API_TOKEN_PREVIOUS')]);
    assert.deepEqual(files.change({}), []);
  });
});

const reloaded = (name: Name) => `${name}: Secret reloaded`;
