import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What figures were measured on, and when. */
export interface Circumstances {
  readonly date: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cpus: number;
}

/** The last figures of one part; parts are measured at different times. */
export interface Measured extends Circumstances {
  /** Length of one measurement, where the part has such a length. */
  readonly seconds: number;
  readonly figures: unknown;
}

export type Results = Readonly<Record<string, Measured>>;

const FOLDER = new URL('../results/', import.meta.url);
const JSON_FILE = new URL('latest.json', FOLDER);
const MARKDOWN_FILE = new URL('latest.md', FOLDER);

export function circumstances(): Circumstances {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: all[0]?.model.trim() ?? 'unknown',
    cpus: all.length,
  };
}

/** @returns what was kept by earlier runs. */
export function readResults(): Results {
  try {
    return (JSON.parse(readFileSync(JSON_FILE, 'utf8')) as { parts: Results }).parts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export function keepResults(parts: Results, markdown: string): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(JSON_FILE, jsonOf(parts));
  writeFileSync(MARKDOWN_FILE, markdown);
}

export function jsonOf(parts: Results): string {
  return `${JSON.stringify({ parts }, null, 2)}\n`;
}

/** Under the title of a part: on what its figures were measured, and when. */
export function circumstancesText({ date, node, platform, cpu, cpus: count }: Circumstances): string {
  return `${date}, Node ${node}, ${platform}, ${count} × ${cpu}`;
}
