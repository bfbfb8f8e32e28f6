import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileWords } from '../config/system-words.ts';

/** More than a few events need, so that a disk with room for no more than the rest of a block is taken for full. */
const TRIED = Buffer.alloc(65_536);

/**
 * Whether a folder takes files now: rights say little about a full disk, or a file system that makes no files. What is written
 * has no name any more, so that nothing of it stays whatever happens.
 * @returns null when it does; why not, in an operator's words.
 */
export function whyNoRoom(folder: string): string | null {
  try {
    const handle = openNameless(folder);
    try {
      for (let at = 0; at < TRIED.length; ) at += writeSync(handle, TRIED, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    return null;
  } catch (error) {
    return fileWords(error);
  }
}

function openNameless(folder: string): number {
  const own = mkdtempSync(join(folder, '.nsps-connector-'));
  try {
    return openSync(join(own, 'room'), 'wx', 0o600);
  } finally {
    rmSync(own, { recursive: true });
  }
}
