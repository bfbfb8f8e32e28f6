import { App } from '../app.ts';
import { type Config, loadConfig, readEnvironment, redactedSettings } from '../config/load.ts';
import { SecretFiles } from '../config/secret-files.ts';
import { SECRET_NAMES } from '../config/table.ts';
import { type LogSink, openLog } from '../observe/logger.ts';
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
    69: 'the address to listen on cannot be had',
    70: 'a fault of the program',
    78: 'settings are wrong; all of them are named',
    1: 'events had to be cut off at SHUTDOWN_TIMEOUT, or a second signal came',
  },
  positionals: [0, 0],
  run: serve,
};

async function serve(): Promise<number> {
  const config = loadConfig(readEnvironment());
  const sink = await openLog(config.settings, secretsOf(config));
  dieLoudly(sink);
  const app = new App(config, sink.log);
  const url = await app.start().catch((error: unknown) => {
    sink.flush();
    throw new PlainError(listenFault(error, config.settings.HOST, config.settings.PORT), EXIT.unavailable);
  });
  const secretFiles = new SecretFiles(config, sink.log);
  secretFiles.watch();
  process.on('SIGHUP', () => secretFiles.reload());
  announce(config, url, sink);

  const signal = await stopSignals(() => {
    sink.log.warn({}, 'Second signal: ending at once');
    sink.flush();
    process.exit(EXIT.failed);
  });
  sink.log.info({ signal }, 'Stopping: no new events are taken');
  const drained = await app.stop();
  secretFiles.close();
  sink.log.info({}, 'Stopped');
  sink.flush();
  process.exit(drained ? EXIT.ok : EXIT.failed);
}

function announce(config: Config, url: string, { log }: LogSink): void {
  const { settings, unknown } = config;
  for (const name of unknown) log.warn({ setting: name }, 'Unknown setting, most likely misspelt; it has no effect');
  const fields = { version: VERSION, node: process.version, url: url + settings.EVENT_PATH };
  log.info({ ...fields, settings: redactedSettings(settings) }, 'Connector started');
}

function secretsOf({ settings }: Config) {
  return SECRET_NAMES.map((name) => settings[name]).filter((secret) => secret !== null);
}

/** A fault nobody caught leaves the program in a state nobody knows: say so and end; the supervisor starts it again. */
function dieLoudly({ log, flush }: LogSink): void {
  const die = (error: unknown) => {
    log.error({ err: error }, 'Uncaught fault; ending');
    flush();
    process.exit(EXIT.internal);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}
