import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ConfigError } from '../../src/config/faults.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startApp } from '../helpers/app.ts';
import { hang } from '../helpers/core-stub.ts';
import { anEvent, IMSI } from '../helpers/events.ts';
import { get, post } from '../helpers/nsps.ts';
import { ADMIN_TOKEN, Browser, CONSOLE_TOKEN, FROM_CONSOLE, Operated } from '../helpers/operated.ts';
import { until } from '../helpers/polling.ts';
import { CORE_TOKEN, TOKEN } from '../helpers/program.ts';
import { Scrape } from '../helpers/prometheus.ts';

const RESYNC = `/admin/v1/subscribers/${IMSI}/resync`;

let site: Operated;
before(async () => {
  site = await Operated.start();
});
after(async () => {
  await site[Symbol.asyncDispose]();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function signedIn(): Promise<Browser> {
  const browser = new Browser(site);
  assert.equal((await browser.signIn()).status, 200);
  return browser;
}

describe('tokens', () => {
  test('each opens its own door only', async () => {
    for (const path of ['/admin/v1/overview', '/admin/v1/overview/stream', '/admin/v1/events.csv', '/admin/v1/audit']) {
      for (const headers of [{}, bearer(TOKEN), bearer(CONSOLE_TOKEN), bearer(''), { authorization: 'Basic eDp5' }]) {
        const { status, headers: said, body } = await get(site.url + path, headers);
        assert.equal(status, 401, path);
        assert.equal(body.type, 'AUTHENTICATION_ERROR');
        assert.equal(said.get('www-authenticate'), 'Bearer');
      }
    }
    assert.equal((await site.ask('/admin/v1/overview')).status, 200);
    for (const token of [ADMIN_TOKEN, CONSOLE_TOKEN]) {
      assert.equal((await post(site.app.eventUrl, anEvent(), bearer(token))).status, 401);
      assert.equal((await get(`${site.url}/openapi.json`, bearer(token))).status, 401);
    }
    const browser = new Browser(site);
    for (const token of [TOKEN, ADMIN_TOKEN]) assert.equal((await browser.signIn(token)).status, 401);
  });

  test('without any there is neither; without one of them, the other works', async () => {
    await using none = await startApp(site.core.url);
    for (const path of ['/admin/v1/overview', '/console', '/console/session', '/console/app.js']) {
      assert.equal((await get(none.url + path, bearer(ADMIN_TOKEN))).status, 404);
    }
    await using admin = await startApp(site.core.url, { ADMIN_TOKEN });
    assert.equal((await get(`${admin.url}/admin/v1/overview`, bearer(ADMIN_TOKEN))).status, 200);
    assert.equal((await get(`${admin.url}/console`)).status, 404);
    assert.equal((await get(`${admin.url}/console/session`)).status, 404);
    await using console = await startApp(site.core.url, { CONSOLE_TOKEN });
    assert.equal((await get(`${console.url}/admin/v1/overview`, bearer(ADMIN_TOKEN))).status, 401);
    assert.equal((await get(`${console.url}/console/session`)).status, 200);
  });

  test('of operators must not be those of NSPS', () => {
    const settings = { API_TOKEN: 'a', API_TOKEN_PREVIOUS: 'b', WTL_API_URL: 'http://x', WTL_API_TOKEN: CORE_TOKEN };
    assert.throws(
      () => loadConfig({ ...settings, ADMIN_TOKEN: 'a', CONSOLE_TOKEN: 'b' }),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(error.faults, [
          { name: 'ADMIN_TOKEN', message: 'must not be the same as API_TOKEN: each opens a door of its own' },
          {
            name: 'CONSOLE_TOKEN',
            message: 'must not be the same as API_TOKEN_PREVIOUS: each opens a door of its own',
          },
        ]);
        return true;
      },
    );
  });
});

describe('every answer for operators', () => {
  test('has the headers that keep browsers strict, refusals and unknown paths too', async () => {
    const answers = [
      await site.fetch('/admin/v1/overview'),
      await site.fetch('/admin/v1/events.csv'),
      await site.fetch('/admin/v1/nothing'),
      await site.fetch('/admin/v1/overview', { method: 'PATCH' }),
      await site.fetch('/admin/v1/overview', { headers: bearer('wrong') }),
      await site.fetch('/console'),
      await site.fetch('/console/session', { method: 'PUT' }),
      await site.fetch('/admin/v1/events/%zz'),
      await site.fetch('/console/%zz'),
    ];
    for (const answer of answers) {
      const policy = answer.headers.get('content-security-policy') ?? '';
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; /);
      assert.match(policy, /frame-ancestors 'none'; base-uri 'none'$/);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
      assert.equal(answer.headers.get('cross-origin-opener-policy'), 'same-origin');
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      await answer.body?.cancel();
    }
    assert.deepEqual(answers.map(({ status }) => status).slice(2, 5), [404, 405, 401]);
    assert.equal(answers[3]?.headers.get('allow'), 'GET, HEAD');
    assert.equal(answers[6]?.headers.get('allow'), 'GET, HEAD, POST, DELETE');
    assert.deepEqual(answers.map(({ status }) => status).slice(7), [404, 404]);
    assert.equal((await get(`${site.url}/health`)).headers.get('content-security-policy'), null);
  });

  test('is in the form of all others when the request is not as it should be', async () => {
    const big = await site.ask('/admin/v1/dead-letters/replay', { body: { why: 'x'.repeat(100_000) } });
    assert.deepEqual([big.status, big.body.error], [413, 'The body is larger than is taken here']);
    const text = { 'content-type': 'text/plain' };
    assert.equal((await site.ask('/admin/v1/explain', { body: '{}', headers: text })).status, 415);
    const huge = await site.ask('/admin/v1/explain', { body: `"${'x'.repeat(1_100_000)}"` });
    assert.equal(huge.status, 413);
    assert.equal((await site.ask('/admin/v1/explain', { body: `"${'x'.repeat(1_000_000)}"` })).status, 200);
  });
});

describe('a session of the console', () => {
  test('is had with its token, opens the admin API, and ends by signing out', async () => {
    const browser = new Browser(site);
    assert.deepEqual(await (await browser.fetch('/console/session')).json(), {
      signedIn: false,
      since: null,
      expires: null,
    });
    const answer = await browser.signIn();
    const [cookie = ''] = answer.headers.getSetCookie();
    assert.match(cookie, /^nsps_console=[\w.-]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    const session = (await answer.json()) as { signedIn: boolean; since: string; expires: string };
    assert.equal(session.signedIn, true);
    assert.equal(Date.parse(session.expires) - Date.parse(session.since), 12 * 3_600_000);
    assert.deepEqual(await (await browser.fetch('/console/session')).json(), session);
    assert.equal((await browser.fetch('/admin/v1/overview')).status, 200);

    const kept = browser.cookie;
    const left = await browser.fetch('/console/session', { method: 'DELETE', headers: FROM_CONSOLE, body: {} });
    assert.deepEqual([left.status, await left.json()], [200, { signedIn: false, since: null, expires: null }]);
    browser.cookie = kept;
    assert.equal((await browser.fetch('/admin/v1/overview')).status, 401, 'the cookie somebody kept is of no use');
    const { body } = await site.ask('/admin/v1/audit?limit=2');
    assert.deepEqual(
      body.entries.map(({ what }: { what: string }) => what),
      ['sign-out', 'sign-in'],
    );
    assert.match(body.entries[0].who, /^session [\w-]{8}$/);
  });

  test('is for TLS only when it was had over TLS', async () => {
    const browser = new Browser(site);
    const answer = await browser.signIn(CONSOLE_TOKEN, { ...FROM_CONSOLE, 'x-forwarded-proto': 'https' });
    assert.match(answer.headers.getSetCookie()[0] ?? '', /; Secure/);
  });

  test('holds on another connector with the same token, and not on one with another', async () => {
    const browser = await signedIn();
    await using same = await startApp(site.core.url, { CONSOLE_TOKEN });
    await using other = await startApp(site.core.url, { CONSOLE_TOKEN: 'another-token-of-a-console' });
    const headers = { cookie: browser.cookie };
    assert.equal((await get(`${same.url}/admin/v1/overview`, headers)).status, 200);
    assert.equal((await get(`${other.url}/admin/v1/overview`, headers)).status, 401);
    assert.equal((await get(`${same.url}/admin/v1/overview`, { cookie: `${browser.cookie}x` })).status, 401);
  });

  test('does nothing for a page of another site', async () => {
    const browser = await signedIn();
    const origin = new URL(site.url).origin;
    const refused: Record<string, string>[] = [
      {},
      { 'x-console': '1' },
      { 'sec-fetch-site': 'same-origin' },
      { 'x-console': '1', 'sec-fetch-site': 'cross-site' },
      { 'x-console': '1', 'sec-fetch-site': 'same-site', origin },
      { 'x-console': '1', 'sec-fetch-site': 'none' },
      { 'x-console': '1', origin: 'http://evil.example' },
      { 'x-console': '1', origin: 'null' },
    ];
    for (const headers of refused) {
      const answer = await browser.fetch(RESYNC, { method: 'POST', headers });
      assert.deepEqual([answer.status, ((await answer.json()) as { message: string }).message], [403, 'Forbidden']);
    }
    for (const headers of [FROM_CONSOLE, { 'x-console': '1', origin }]) {
      assert.equal((await browser.fetch(RESYNC, { method: 'POST', headers })).status, 200);
    }
    const form = { ...FROM_CONSOLE, 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await browser.fetch(RESYNC, { body: 'x=1', headers: form })).status, 415);
    assert.equal((await browser.fetch('/admin/v1/audit', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
    assert.equal((await new Browser(site).signIn(CONSOLE_TOKEN, {})).status, 403);
    assert.equal((await browser.fetch('/console/session', { method: 'DELETE' })).status, 403);
    assert.equal((await browser.fetch('/admin/v1/overview')).status, 200, 'still signed in');
  });

  test('does not help whoever shows a wrong token', async () => {
    const browser = await signedIn();
    assert.equal((await browser.fetch('/admin/v1/overview', { headers: bearer('wrong') })).status, 401);
  });

  test('holds behind a proxy that asks for a password of its own, which is no way in', async () => {
    const password = { authorization: 'Basic b3BlcmF0b3I6c2VjcmV0' };
    const browser = await signedIn();
    assert.equal((await browser.fetch('/admin/v1/overview', { headers: password })).status, 200);
    const act = { method: 'POST', headers: { ...password, 'sec-fetch-site': 'cross-site' } };
    assert.equal((await browser.fetch(RESYNC, act)).status, 403);
    assert.equal((await new Browser(site).fetch('/admin/v1/overview', { headers: password })).status, 401);
  });

  test('is not had by guessing: few wrong tokens are taken, the log tells each, the audit all together', async (t) => {
    const METRICS_TOKEN = 'token-of-metrics-97531';
    const folder = mkdtempSync(join(tmpdir(), 'nsps-access-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const env = { METRICS_TOKEN, STORE_URL: `sqlite:${join(folder, 'journal.db')}` };
    await using guarded = await Operated.start(env);
    const browser = new Browser(guarded);
    for (let count = 0; count < 5; count++) assert.equal((await browser.signIn(`wrong-${count}`)).status, 401);
    const late = await browser.signIn();
    assert.equal(late.status, 429, 'not even the right one, from this address');
    assert.ok(Number(late.headers.get('retry-after')) > 0);
    assert.equal(browser.cookie, '');
    assert.equal((await guarded.ask('/admin/v1/overview')).status, 200, 'other doors are open');
    assert.equal((await guarded.ask('/admin/v1/overview', { headers: bearer('wrong') })).status, 401);
    const scrape = await Scrape.of(`${guarded.url}/metrics`, bearer(METRICS_TOKEN));
    const counted = ['sign_in_refused', 'too_many_sign_ins', 'not_signed_in'].map((reason) => {
      return scrape.value('nsps_connector_refused_requests_total', { reason });
    });
    assert.deepEqual(counted, [5, 1, 1]);
    await guarded[Symbol.asyncDispose]();
    await using later = await Operated.start(env);
    const { entries } = (await later.ask('/admin/v1/audit')).body;
    assert.deepEqual(
      entries.map(({ who, what, detail }: Record<string, string>) => [who, what, detail]),
      [
        ['nobody', 'sign-in refused', '127.0.0.1: 4 more within an hour'],
        ['nobody', 'sign-in refused', '127.0.0.1'],
      ],
      'what was not told yet is told when the connector stops',
    );
    const refusals = guarded.app.log.lines.filter(({ message }) => message === 'Sign-in refused');
    assert.equal(refusals.length, 5);
    assert.doesNotMatch(JSON.stringify([guarded.app.log.lines, entries]), /wrong-\d|token-of-the-console/);
  });

  test('wants a body that says which token', async () => {
    const browser = new Browser(site);
    for (const body of [{}, { token: '' }, { token: 1 }, { token: 'x', more: 1 }, '{']) {
      assert.equal((await browser.fetch('/console/session', { body, headers: FROM_CONSOLE })).status, 422);
    }
  });
});

test('a connector that stops answers operators so', async () => {
  await using stopping = await Operated.start();
  stopping.core.answer = hang;
  const event = stopping.post(anEvent());
  await stopping.core.called(1);
  const stopped = stopping.app.stop();
  await until('a refusal', async () => {
    const { status, body } = await stopping.ask('/admin/v1/overview');
    return status === 503 && body.error === 'The connector is stopping';
  });
  await stopping.core.stop();
  await Promise.allSettled([event, stopped]);
});
