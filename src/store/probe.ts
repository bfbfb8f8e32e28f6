import { existsSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { storeName } from '../config/kinds.ts';
import type { Settings } from '../config/table.ts';
import type { StoreError } from '../ports/store.ts';
import type { Finding } from '../ports/target.ts';
import { backlogOf, type NamedBacklog } from './backlog.ts';
import { isEmptyDatabase, readStore } from './open.ts';
import { whyNoRoom } from './room.ts';
import { whyLogAlone } from './sqlite/log-alone.ts';

type ProbeSettings = Parameters<typeof readStore>[0] & Pick<Settings, 'TARGET'>;

/** Looks whether the store can be had and written, and what waits in it. What it writes for that means nothing to anybody. */
export async function probeStore(settings: ProbeSettings): Promise<Finding> {
  const location = settings.STORE_URL;
  const subject = 'store';
  const name = storeName(location);
  if (location.kind === 'memory')
    return { verdict: 'warn', subject, message: 'memory: ends with the process; nothing outlives it' };
  if (location.kind === 'sqlite' && !existsSync(location.file)) return toBeMade(location.file);
  const noRoom = location.kind === 'sqlite' ? whyNoRoom(dirname(location.file)) : null;
  if (noRoom) return { verdict: 'fail', subject, message: `${name} cannot be written: ${noRoom}` };
  try {
    if (await isEmptyDatabase(settings))
      return { verdict: 'ok', subject, message: `${name} can be reached; its tables are made at the first start` };
    const { waiting, dead, of } = await readBacklog(settings);
    return {
      verdict: 'ok',
      subject,
      message: `${name} can be used; ${waiting} ${of}s waiting, ${dead} dead letters`,
    };
  } catch (error) {
    return { verdict: 'fail', subject, message: (error as StoreError).message };
  }
}

/** @throws StoreError also when it can only be read. */
async function readBacklog(settings: ProbeSettings): Promise<NamedBacklog> {
  const store = await (await readStore(settings))('guest');
  try {
    await store.probe();
    return await backlogOf(store, settings);
  } finally {
    await store.close();
  }
}

/** The first start makes it, with the folders it is to be in. */
function toBeMade(file: string): Finding {
  const subject = 'store';
  const alone = whyLogAlone(file);
  if (alone !== null) return { verdict: 'fail', subject, message: `${file}: ${alone}` };
  let folder = dirname(file);
  while (!existsSync(folder) && !isLink(folder)) folder = dirname(folder);
  const noRoom = whyNoRoom(folder);
  return noRoom
    ? { verdict: 'fail', subject, message: `sqlite:${file} cannot be made: ${folder} cannot be written: ${noRoom}` }
    : { verdict: 'ok', subject, message: `sqlite:${file} is made at the first start` };
}

/** One that leads nowhere, to a volume that is not there, say, is in the way of a folder. */
function isLink(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
