import { setFlagsFromString } from 'node:v8';
import { ConfigError } from '../config/faults.ts';
import { type Config, loadConfig, readEnvironment } from '../config/load.ts';
import { misspeltWords } from '../config/misspelt.ts';
import { redactedSettings } from '../config/redacted.ts';
import { absentSecretFiles, SecretFiles } from '../config/secret-files.ts';
import { SECRET_NAMES } from '../config/table.ts';
import { MetricsAddressError } from '../http/metrics.ts';
import { type OpenLog, openLog } from '../observe/logger.ts';
import { readOwnStore } from '../own-store.ts';
import { StoreError } from '../ports/store.ts';
import { VERSION } from '../version.ts';
import { type Command, EXIT, PlainError } from './command.ts';
import { listenFault } from './listen-fault.ts';
import { stopSignals } from './signals.ts';

export const command: Command = {
  name: 'serve',
  synopsis: '',
  about:
    'Runs the connector. Settings come from the environment and from a .env file in the working directory.\n' +
    'SIGTERM or SIGINT ends it when the events under way are done; a second one ends it at once. SIGHUP reads\n' +
    'the secret files (*_FILE) again.',
  options: {},
  exits: {
    69: 'the address to listen on, or the store, cannot be had',
    70: 'a fault of the program',
    78: 'settings are wrong; all of them are named',
    1: 'events had to be cut off at SHUTDOWN_TIMEOUT, or a second signal came',
  },
  positionals: [0, 0],
  run: serve,
};

const METRICS_NAMES = { host: 'METRICS_HOST', port: 'METRICS_PORT' };

/** Longest time for the last log lines to be written, in milliseconds; next to nothing when somebody is impatient. */
const LAST_LINES_MS = 2_000;
const IMPATIENT_MS = 100;

async function serve(): Promise<number> {
  const config = loadConfig(readEnvironment());
  const output = await openLog(config.settings, secretsOf(config));
  dieLoudly(output);
  // Before anything else: as process 1, a signal that nobody listens for is lost.
  const stopped = stopSignals(() => {
    output.log.warn({}, 'Second signal: ending at once');
    void output.end(IMPATIENT_MS).then(() => process.exit(EXIT.failed));
  });
  const openStore = await readOwnStore(config.settings, output.log);
  // It opens while the rest of the program is read, which takes as long. What goes wrong is told where it is waited for.
  const store = openStore();
  store.catch(() => {});
  const { App } = await import('../app.ts');
  const app = new App(config, output.log, { store });
  const url = await app.start().catch(async (error: unknown) => {
    await output.end(LAST_LINES_MS);
    throw startFault(error, config);
  });
  const secretFiles = new SecretFiles(config, output.log);
  secretFiles.watch();
  process.on('SIGHUP', () => secretFiles.reload());
  announce(config, url, output);
  keepEventsYoung();

  output.log.info({ signal: await stopped }, 'Stopping: no new events are taken');
  const drained = await app.stop();
  secretFiles.close();
  output.log.info({}, 'Stopped');
  await output.end(LAST_LINES_MS);
  process.exit(drained ? EXIT.ok : EXIT.failed);
}

function startFault(error: unknown, { settings }: Config): Error {
  if (error instanceof ConfigError) return error;
  if (error instanceof StoreError) return new PlainError(`STORE_URL: ${error.message}`, EXIT.unavailable);
  const { HOST, PORT, METRICS_HOST, METRICS_PORT } = settings;
  const words =
    error instanceof MetricsAddressError
      ? listenFault(error.cause, METRICS_HOST ?? HOST, METRICS_PORT ?? 0, METRICS_NAMES)
      : listenFault(error, HOST, PORT);
  return new PlainError(words, EXIT.unavailable);
}

function announce(config: Config, url: string, { log }: OpenLog): void {
  const { settings, unknown } = config;
  for (const name of unknown) log.warn({ setting: name }, `${name} ${misspeltWords(name)}`);
  for (const { setting, words } of absentSecretFiles(config)) log.warn({ setting }, `${setting} ${words}`);
  const fields = { version: VERSION, node: process.version, url: url + settings.EVENT_PATH };
  log.info({ ...fields, settings: redactedSettings(settings) }, 'Connector started');
}

function secretsOf({ settings }: Config) {
  return SECRET_NAMES.map((name) => settings[name]).filter((secret) => secret !== null);
}

/**
 * While events wait for a slow core, V8 takes them for objects that will live long, and makes others like them where only a full
 * collection clears up: each keeps all that it leads to until then (ADR 13). Told when all is loaded, since code that is kept
 * compiled is only good for the flags it was compiled under.
 */
function keepEventsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** A fault nobody caught leaves the program in a state nobody knows: say so and end; the supervisor starts it again. */
function dieLoudly({ log, end }: OpenLog): void {
  const die = (error: unknown) => {
    log.error({ err: error }, 'Uncaught fault; ending');
    void end(LAST_LINES_MS).then(() => process.exit(EXIT.internal));
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}
