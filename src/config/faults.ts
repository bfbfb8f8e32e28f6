import { readSmallFile } from './small-file.ts';
import { fileWords } from './system-words.ts';

/** One thing wrong with the settings: the name, and what is expected of it. Never holds a value that is a secret. */
export interface SettingFault {
  readonly name: string;
  readonly message: string;
}

/** Carries every fault at once: fixing them one restart at a time is no pleasure. */
export class ConfigError extends Error {
  readonly faults: readonly SettingFault[];

  constructor(faults: readonly SettingFault[]) {
    super(`${faults.length} setting${faults.length === 1 ? ' is' : 's are'} wrong`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** What was found wrong so far, while the settings are read. */
export class Faults {
  readonly all: SettingFault[] = [];

  add(name: string, message: string): void {
    this.all.push({ name, message });
  }

  /** Whether something is wrong with a setting, or with the file it may come from. */
  has(name: string): boolean {
    return this.all.some((fault) => fault.name === name || fault.name === `${name}_FILE`);
  }

  /** The text of a file that a setting names; undefined, and a fault of that setting, when it cannot be read. */
  readFile(name: string, path: string): string | undefined {
    try {
      return readSmallFile(path);
    } catch (error) {
      this.add(name, `cannot read ${path}: ${fileWords(error)}`);
      return undefined;
    }
  }
}
