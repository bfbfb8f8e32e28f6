import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { storeName } from '../config/kinds.ts';
import { recordsEvents } from '../config/setting.ts';
import type { Settings } from '../config/table.ts';
import type { StoreError } from '../ports/store.ts';
import type { Finding } from '../ports/target.ts';
import { isEmptyDatabase, openStore } from './open.ts';

type ProbeSettings = Parameters<typeof openStore>[0] & Pick<Settings, 'TARGET'>;

/** Looks whether the store can be had, and what waits in it; changes nothing. */
export async function probeStore(settings: ProbeSettings): Promise<Finding> {
  const location = settings.STORE_URL;
  const subject = 'store';
  const name = storeName(location);
  if (location.kind === 'memory')
    return { verdict: 'warn', subject, message: 'memory: ends with the process; nothing outlives it' };
  if (location.kind === 'sqlite' && !existsSync(location.file)) return toBeMade(location.file);
  try {
    if (await isEmptyDatabase(settings))
      return { verdict: 'ok', subject, message: `${name} can be reached; its tables are made at the first start` };
    const store = await openStore(settings, 'guest');
    const records = recordsEvents(settings.TARGET);
    const backlog = records && store.outbox ? store.outbox.backlog() : store.views.backlog();
    const { waiting, dead } = await backlog.finally(() => store.close());
    return {
      verdict: 'ok',
      subject,
      message: `${name} can be used; ${waiting} ${records ? 'events' : 'subscribers'} waiting, ${dead} dead letters`,
    };
  } catch (error) {
    return { verdict: 'fail', subject, message: (error as StoreError).message };
  }
}

/** The first start makes it, with the folders it is to be in. */
function toBeMade(file: string): Finding {
  const subject = 'store';
  let folder = dirname(file);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return { verdict: 'ok', subject, message: `sqlite:${file} is made at the first start` };
  } catch {
    return { verdict: 'fail', subject, message: `sqlite:${file} cannot be made: ${folder} cannot be written` };
  }
}
