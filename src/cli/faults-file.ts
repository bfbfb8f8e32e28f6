import { readFile } from 'node:fs/promises';
import { fileWords } from '../config/system-words.ts';
import { EXIT, PlainError } from './command.ts';

/** Reads a JSON object. @throws PlainError naming the file. */
export async function readFaultsFile(file: string): Promise<object> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error('a JSON object is expected');
    return value;
  } catch (error) {
    throw new PlainError(`cannot read ${file}: ${fileWords(error)}`, EXIT.noInput);
  }
}
