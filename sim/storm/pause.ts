import { setTimeout as delay } from 'node:timers/promises';

/** Waits some milliseconds. @throws the signal's own reason when that comes first. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
