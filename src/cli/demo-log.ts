import type { Config } from '../config/load.ts';
import { createLogger } from '../observe/logger.ts';
import type { Logger } from '../ports/runtime.ts';

/** The table is the story; the log lines come once the reader tries things himself. */
export function quietUntilToldOtherwise({ settings }: Config): Logger & { speak(): void } {
  const real = createLogger(settings, [], { write: (line) => process.stdout.write(line) });
  const silent: Logger = { debug() {}, info() {}, warn() {}, error: real.error, debugEnabled: false };
  const log = { ...silent, speak: () => void Object.assign(log, real) };
  return log;
}
