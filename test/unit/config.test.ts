import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { ConfigError } from '../../src/config/faults.ts';
import { loadConfig, readEnvironment } from '../../src/config/load.ts';
import { redactedSettings } from '../../src/config/redacted.ts';
import { rulesOf } from '../../src/config/rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
after(() => rmSync(folder, { recursive: true }));

const LEAST = {
  API_TOKEN: 'nsps-secret-1',
  WTL_API_URL: 'http://core:3001/wtl/hlr/v1/',
  WTL_API_TOKEN: 'core-secret-1',
};

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function faults(environment: Record<string, string>): Record<string, string> {
  try {
    loadConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return Object.fromEntries(error.faults.map(({ name, message }) => [name, message]));
  }
  return {};
}

test('the defaults are those of the Python connector', () => {
  const { settings } = loadConfig(LEAST);
  assert.equal(settings.APP_NAME, 'wtl-hlr-hss-connector');
  assert.equal(settings.LOG_LEVEL, 'INFO');
  assert.equal(settings.PORT, 8000);
  assert.equal(settings.DEBUG, false);
  assert.equal(settings.WTL_DEFAULT_CS_PROFILE, 'default');
  assert.equal(settings.WTL_HTTP_REQUESTS_TIMEOUT, 30);
  assert.equal(settings.WTL_IMSI_REGEXP, null);
});

test('every fault is reported at once, by name, with what is expected', () => {
  const found = faults({
    PORT: 'eight',
    LOG_LEVEL: 'LOUD',
    WTL_API_URL: 'core',
    WTL_IMSI_REGEXP: '(?=0)',
    DEBUG: 'maybe',
  });
  assert.deepEqual(Object.keys(found).sort(), [
    'API_TOKEN',
    'DEBUG',
    'LOG_LEVEL',
    'PORT',
    'WTL_API_TOKEN',
    'WTL_API_URL',
    'WTL_IMSI_REGEXP',
  ]);
  assert.match(found['PORT'] ?? '', /whole number from 0 to 65535, not "eight"/);
  assert.match(found['API_TOKEN'] ?? '', /is required/);
  assert.match(found['WTL_IMSI_REGEXP'] ?? '', /look-around/);
});

test('settings of another target are missed by nobody', () => {
  const settings = loadConfig({ TARGET: 'OSMO-HLR', API_TOKEN: 'intake-token-0' }).settings;
  assert.deepEqual(
    [settings.TARGET, settings.WTL_API_URL, settings.OSMO_HLR_HOST, settings.OSMO_HLR_CTRL_PORT],
    ['osmo-hlr', null, '127.0.0.1', 4259],
  );
  assert.deepEqual(Object.keys(faults({ TARGET: 'wtl', API_TOKEN: 'intake-token-0' })), [
    'WTL_API_URL',
    'WTL_API_TOKEN',
  ]);
  assert.match(faults({ ...LEAST, TARGET: 'hss' })['TARGET'] ?? '', /one of wtl, osmo-hlr, google-sheets, not "hss"/);
  assert.deepEqual(loadConfig({ ...LEAST, OSMO_HLR_PORT: '1' }).unknown, ['OSMO_HLR_PORT']);
});

test('a secret is never told, not even a wrong one or one inside a URL', () => {
  const found = faults({ API_TOKEN: 'two words', WTL_API_TOKEN: 'ümläut', WTL_API_URL: 'http://user:hunter2@core/' });
  assert.doesNotMatch(JSON.stringify(found), /two words|ümläut|hunter2/);
  const { settings } = loadConfig(LEAST);
  for (const text of [
    JSON.stringify(redactedSettings(settings)),
    inspect(settings, { depth: 9 }),
    `${settings.API_TOKEN}`,
  ]) {
    assert.doesNotMatch(text, /secret-1/);
  }
});

test('a URL that may hold a secret is not repeated, any other is', () => {
  for (const url of [
    'http:user:hunter2@host/x',
    'user:hunter2@host',
    'http://h/x?apikey=hunter2',
    'http://h/x#hunter2',
  ]) {
    assert.doesNotMatch(JSON.stringify(faults({ ...LEAST, WTL_API_URL: url })), /hunter2/);
  }
  assert.match(faults({ ...LEAST, WTL_API_URL: 'core:3001' })['WTL_API_URL'] ?? '', /not "core:3001"/);
});

test('spellings that the Python connector took are taken', () => {
  const { settings } = loadConfig({ ...LEAST, DEBUG: 'True', LOG_LEVEL: 'debug', WTL_HTTP_REQUESTS_TIMEOUT: '2.5' });
  assert.deepEqual([settings.DEBUG, settings.LOG_LEVEL, settings.WTL_HTTP_REQUESTS_TIMEOUT], [true, 'DEBUG', 2.5]);
});

test('an empty value counts as not set, and the environment wins over .env', () => {
  const dotEnv = file('.env', 'PORT=1234\nAPP_NAME="from file"\nWTL_IMSI_REGEXP=\n');
  const environment = readEnvironment({ PORT: '99', APP_NAME: '', API_TOKEN: 'x' }, dotEnv);
  assert.deepEqual(environment, { PORT: '99', APP_NAME: 'from file', API_TOKEN: 'x' });
  assert.deepEqual(readEnvironment({}, join(folder, 'absent')), {});
});

test('event actions add to the defaults and override them', () => {
  const config = loadConfig({
    ...LEAST,
    EVENT_ACTIONS: 'SIM/Created=insert, SIM/Deleted = DELETE,SIM/Replaced=ignore',
  });
  assert.deepEqual(Object.fromEntries(rulesOf(config.settings).eventActions), {
    'SIM/Updated': 'update',
    'SIM/Replaced': 'ignore',
    'SIM/Created': 'insert',
    'SIM/Deleted': 'delete',
  });
  for (const EVENT_ACTIONS of ['SIM/Created', 'SIM/Created=grant', '=insert', 'a=insert,,']) {
    assert.match(faults({ ...LEAST, EVENT_ACTIONS })['EVENT_ACTIONS'] ?? '', /must be a list such as/);
  }
});

test('an event path may be the root, but not one of our own routes', () => {
  for (const EVENT_PATH of ['/', '/api/events', '/console-events'])
    assert.equal(loadConfig({ ...LEAST, EVENT_PATH }).settings.EVENT_PATH, EVENT_PATH);
  for (const EVENT_PATH of [
    '/health',
    '/metrics',
    '/admin',
    '/admin/v1/events',
    '/console/',
    'events',
    '/a?b',
    '/:a',
    '/*',
  ])
    assert.ok(faults({ ...LEAST, EVENT_PATH })['EVENT_PATH']);
});

test('secrets can come from files', () => {
  const { API_TOKEN: _, ...others } = LEAST;
  const config = loadConfig({ ...others, API_TOKEN_FILE: file('token', 'from-a-file\n') });
  assert.equal(config.settings.API_TOKEN?.reveal(), 'from-a-file');
  assert.deepEqual([...config.secretFiles.keys()], ['API_TOKEN']);
  assert.match(faults({ ...LEAST, API_TOKEN_FILE: file('token', 'x') })['API_TOKEN'] ?? '', /both set/);
  assert.match(faults({ ...others, API_TOKEN_FILE: join(folder, 'absent') })['API_TOKEN_FILE'] ?? '', /ENOENT/);
  const both = faults({ ...LEAST, PORT: 'x', API_TOKEN_PREVIOUS_FILE: folder });
  assert.deepEqual(Object.keys(both).sort(), ['API_TOKEN_PREVIOUS_FILE', 'PORT']);
  assert.match(faults({ ...others, API_TOKEN_FILE: file('empty', '\n') })['API_TOKEN_FILE'] ?? '', /is empty/);
});

test('the file of the previous token may be empty or still to come', () => {
  for (const path of [file('previous', ''), join(folder, 'absent')]) {
    assert.equal(loadConfig({ ...LEAST, API_TOKEN_PREVIOUS_FILE: path }).settings.API_TOKEN_PREVIOUS?.reveal(), '');
  }
});

test('certificates must be readable, whole pairs, and for https', () => {
  const nonsense = file('nonsense.pem', 'nonsense');
  const found = faults({ ...LEAST, WTL_CA_FILE: nonsense, WTL_CLIENT_CERT_FILE: join(folder, 'absent') });
  assert.match(found['WTL_CA_FILE'] ?? '', /holds no PEM certificate/);
  assert.match(found['WTL_CLIENT_CERT_FILE'] ?? '', /ENOENT/);
  assert.match(found['WTL_CLIENT_KEY_FILE'] ?? '', /required/);
  assert.match(found['WTL_API_URL'] ?? '', /https/);
});

test('a key that does not belong to the certificate is found at start', () => {
  const tls = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
  const https = { ...LEAST, WTL_API_URL: 'https://core' };
  const pair = { ...https, WTL_CLIENT_CERT_FILE: tls('client.pem'), WTL_CLIENT_KEY_FILE: tls('client.key') };
  assert.deepEqual(faults(pair), {});
  assert.match(faults({ ...pair, WTL_CLIENT_KEY_FILE: tls('server.key') })['WTL_CLIENT_KEY_FILE'] ?? '', /MISMATCH/);
});

test('names that look like settings and are none are pointed out', () => {
  assert.deepEqual(loadConfig({ ...LEAST, WTL_API_URI: 'x', PATH: '/bin' }).unknown, ['WTL_API_URI']);
});

test('the token for metrics is another one than that for events, and its port another one', () => {
  const same = faults({ ...LEAST, METRICS_TOKEN: LEAST.API_TOKEN });
  assert.match(same['METRICS_TOKEN'] ?? '', /another token than API_TOKEN/);
  const previous = faults({ ...LEAST, API_TOKEN_PREVIOUS: 'nsps-secret-0', METRICS_TOKEN: 'nsps-secret-0' });
  assert.match(previous['METRICS_TOKEN'] ?? '', /another token than API_TOKEN_PREVIOUS/);
  assert.doesNotMatch(JSON.stringify([same, previous]), /nsps-secret/);
  assert.match(
    faults({ ...LEAST, PORT: '9000', METRICS_PORT: '9000' })['METRICS_PORT'] ?? '',
    /another port than PORT/,
  );
  assert.deepEqual(faults({ ...LEAST, METRICS_TOKEN: 'metrics-secret-1', PORT: '0', METRICS_PORT: '0' }), {});
});

test('the part of the traces that is kept is from 0 to 1', () => {
  for (const [text, value] of [
    ['0', 0],
    ['1', 1],
    ['0.25', 0.25],
    ['.5', 0.5],
    ['1.0', 1],
  ] as const) {
    assert.equal(loadConfig({ ...LEAST, OTEL_TRACES_SAMPLER_ARG: text }).settings.OTEL_TRACES_SAMPLER_ARG, value);
  }
  for (const text of ['1.5', '-1', '10 %', 'all']) {
    assert.match(faults({ ...LEAST, OTEL_TRACES_SAMPLER_ARG: text })['OTEL_TRACES_SAMPLER_ARG'] ?? '', /from 0 to 1/);
  }
});

test('commands that call nobody need nothing', () => {
  assert.equal(loadConfig({}, { requireAll: false }).settings.API_TOKEN, null);
});
