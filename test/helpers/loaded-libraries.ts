// Runs a connector with the settings of its first argument, sends it the event of its second, and prints which libraries for
// watching it were loaded.
import { registerHooks } from 'node:module';

const loaded = new Set<string>();
registerHooks({
  resolve(specifier, context, next) {
    const [found] = /^(@opentelemetry\/[\w-]+|prom-client)/.exec(specifier) ?? [];
    if (found) loaded.add(found);
    return next(specifier, context);
  },
});

const { startApp } = await import('./app.ts');
const { post } = await import('./nsps.ts');
const [settings = '{}', event = '{}'] = process.argv.slice(2);
// Nobody listens there: what is not delivered is over at once.
const app = await startApp('http://127.0.0.1:9', { WTL_RETRIES: '0', ...JSON.parse(settings) });
await post(app.eventUrl, event);
await app.stop();
process.stdout.write(`${JSON.stringify([...loaded].sort())}\n`);
process.exit(0);
