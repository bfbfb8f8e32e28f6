import { readFileSync, statSync } from 'node:fs';

/** The largest that is read, in bytes: a bundle of every public authority's certificate has a quarter of it. */
const LARGEST = 1024 * 1024;

/**
 * The text of a file that a setting names. Never waits: what is no file, or too large, is not read.
 * @throws Error for {@link fileWords}, why it cannot be read.
 */
export function readSmallFile(path: string): string {
  const found = statSync(path);
  // Of a folder the system says so itself.
  if (!found.isFile() && !found.isDirectory()) {
    throw new Error('it is a pipe or a device, which may never end: name a file, or a link to one');
  }
  if (found.size > LARGEST) {
    throw new Error(`it has ${found.size} bytes, and what is expected there at most ${LARGEST}: name another file`);
  }
  return readFileSync(path, 'utf8');
}
