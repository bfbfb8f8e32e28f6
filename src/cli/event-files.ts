import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileWords } from '../config/system-words.ts';
import { nestsDeep } from '../contract/nesting.ts';
import { EXIT, PlainError } from './command.ts';
import { printable } from './wording.ts';

/** One saved event: where it came from, and its JSON as it will be posted. */
export interface SavedEvent {
  readonly source: string;
  readonly json: string;
}

/**
 * Reads saved events: a file holds one event, a list of them, or one a line; a folder holds such files (`*.json`,
 * `*.jsonl`, `*.ndjson`, in the order of their names); `-` is standard input.
 * @throws PlainError naming what cannot be read.
 */
export async function readEventFiles(paths: readonly string[]): Promise<SavedEvent[]> {
  const events: SavedEvent[] = [];
  for (const path of paths) {
    for (const file of await filesOf(path)) events.push(...split(file, await contentOf(file)));
  }
  if (events.length === 0) return unreadable(paths.join(', '), 'holds no event');
  return events;
}

async function filesOf(path: string): Promise<string[]> {
  if (path === '-') return [path];
  const found = await stat(path).catch((error: unknown) => unreadable(path, fileWords(error)));
  if (!found.isDirectory()) return [path];
  const entries = (await readdir(path, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
  const names = entries
    .map(({ name }) => name)
    .filter((name) => /\.(json|jsonl|ndjson)$/.test(name))
    .sort();
  if (names.length === 0) return unreadable(path, 'holds no .json, .jsonl or .ndjson file');
  return names.map((name) => join(path, name));
}

async function contentOf(file: string): Promise<string> {
  try {
    const content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    // As some editors begin a file: no part of what it holds.
    return content.replace(/^\ufeff/, '');
  } catch (error) {
    return unreadable(file, fileWords(error));
  }
}

function split(source: string, content: string): SavedEvent[] {
  if (content.trim() === '') return [];
  const whole = parse(content);
  if (whole.ok) {
    if (!Array.isArray(whole.value)) return [{ source, json: content }];
    if (nestsDeep(whole.value))
      return unreadable(source, 'an event of its list nests too deep: put each on a line of its own');
    return whole.value.map((event, index) => ({ source: `${source}[${index}]`, json: JSON.stringify(event) }));
  }
  const lines = content.split('\n').map((json, index) => ({ source: `${source}:${index + 1}`, json }));
  const events = lines.filter(({ json }) => json.trim() !== '');
  if (events.length > 1 && events.every(({ json }) => parse(json).ok)) return events;
  return unreadable(source, `is not JSON: ${printable(whole.error)}`);
}

function parse(json: string): { ok: true; value: unknown } | { ok: false; error: string } {
  try {
    return { ok: true, value: JSON.parse(json) };
  } catch (error) {
    return { ok: false, error: (error as Error).message };
  }
}

function unreadable(source: string, reason: string): never {
  throw new PlainError(`${source === '-' ? 'standard input' : source}: ${reason}`, EXIT.noInput);
}
