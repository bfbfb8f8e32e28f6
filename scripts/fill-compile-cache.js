// Fills dist/compile-cache with the compiled code of `serve`, for installations that are read-only when they run.
// Node looks the cache up by program path and user number: run this at the place, and as the user, of later.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const TOKEN = 'only-for-this-run';
const LONGEST_MS = 60_000;

/** Reaches the core's code, the part that is loaded last. */
const EVENT = {
  event_id: 'fill-compile-cache',
  data: { event_type: 'SIM/Updated', variables: {} },
  pb_data: { account_info: { bill_status: 'open', blocked: false }, sim_info: { imsi: '001010000000001' } },
};

const root = fileURLToPath(new URL('..', import.meta.url));

// Node adds to a cache and never improves what is in it: what an earlier, shorter run left would stay.
rmSync(`${root}dist/compile-cache`, { recursive: true, force: true });

const connector = spawn(process.execPath, [`${root}bin/nsps-connector.js`, 'serve'], {
  // Not where somebody's .env may be.
  cwd: `${root}dist`,
  env: {
    HOST: '127.0.0.1',
    PORT: '0',
    API_TOKEN: TOKEN,
    // Nobody listens there: the call to the core fails at once.
    WTL_API_URL: 'http://127.0.0.1:9',
    WTL_API_TOKEN: TOKEN,
    WTL_RETRIES: '0',
    STORE_URL: 'memory:',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
  timeout: LONGEST_MS,
  killSignal: 'SIGKILL',
});
const exited = once(connector, 'exit');
process.on('exit', () => connector.kill('SIGKILL'));

const eventUrl = await urlFromLog(connector.stdout);
await fetch(new URL('/health', eventUrl));
await fetch(eventUrl, {
  method: 'POST',
  headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  body: JSON.stringify(EVENT),
});
// Node writes the cache when a process ends by itself.
connector.kill('SIGTERM');
const [code] = await exited;
process.exit(code ?? 1);

/** Where it listens; the first line it logs says so. */
async function urlFromLog(stdout) {
  const [line] = await Promise.race([once(createInterface(stdout), 'line'), exited.then(() => [''])]);
  if (line === '') throw new Error('the connector did not start');
  return JSON.parse(line).url;
}
