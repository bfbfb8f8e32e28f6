import { App } from '../../src/app.ts';
import type { Extras } from '../../src/app-operators.ts';
import { loadConfig } from '../../src/config/load.ts';
import { memoryLog } from './log.ts';
import { CORE_TOKEN, TOKEN } from './program.ts';

/** A connector in this process, on a free port of loopback. */
export async function startApp(coreUrl: string | null, env: Record<string, string> = {}, extras: Extras = {}) {
  const config = loadConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    API_TOKEN: TOKEN,
    ...(coreUrl !== null && { WTL_API_URL: coreUrl, WTL_API_TOKEN: CORE_TOKEN }),
    STORE_URL: 'memory:',
    ...env,
  });
  const log = memoryLog();
  const app = new App(config, log, extras);
  const url = await app.start();
  return {
    app,
    log,
    url,
    eventUrl: url + config.settings.EVENT_PATH,
    stop: () => app.stop(),
    [Symbol.asyncDispose]: async () => void (await app.stop()),
  };
}
