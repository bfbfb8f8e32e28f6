import type { LogFields, Logger } from '../../src/ports/runtime.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: LogFields;
  readonly message: string;
}

export interface MemoryLog extends Logger {
  readonly lines: LogLine[];
  /** Resolves once a line with this message was written. */
  heard(message: string): Promise<void>;
}

/** A logger that remembers. */
export function memoryLog(): MemoryLog {
  const lines: LogLine[] = [];
  const waiting: { message: string; resolve: () => void }[] = [];
  const at = (level: string) => (fields: LogFields, message: string) => {
    lines.push({ level, fields, message });
    for (const waiter of waiting) if (waiter.message === message) waiter.resolve();
  };
  const heard = async (message: string) => {
    if (lines.some((line) => line.message === message)) return;
    await new Promise<void>((resolve) => waiting.push({ message, resolve }));
  };
  return {
    lines,
    heard,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    debugEnabled: true,
  };
}
