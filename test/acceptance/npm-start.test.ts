import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../helpers/polling.ts';
import { CORE_TOKEN, TOKEN } from '../helpers/program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('npm start passes SIGTERM on: the connector ends in its own time, and nothing is left running', async (t) => {
  const settings = {
    HOST: '127.0.0.1',
    PORT: '0',
    API_TOKEN: TOKEN,
    WTL_API_URL: 'http://127.0.0.1:9/wtl',
    WTL_API_TOKEN: CORE_TOKEN,
    STORE_URL: 'memory:',
  };
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    npm_config_update_notifier: 'false',
    ...settings,
  };
  const npm = spawn('npm', ['--prefix', ROOT, 'start'], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(npm, 'close');
  t.after(() => killGroup(npm.pid as number));
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const url = await until('the connector starts', () => /"url":"([^"]+)"/.exec(output)?.[1]);
  process.kill(npm.pid as number, 'SIGTERM');
  await until(`the connector is gone:\n${output}`, () => isGone(url as string));
  assert.deepEqual(await exited, [0, null]);
  assert.match(output, /"message":"Stopped"/);
});

async function isGone(url: string): Promise<boolean> {
  return await fetch(new URL('/health', url)).then(
    () => false,
    () => true,
  );
}

/** Whatever is left of it. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is.
  }
}
