import type { RecordingTarget, Told } from '../../ports/recording.ts';
import type { RecordNote } from './note.ts';

/** What was read of a sheet's ids. */
interface ReadBack {
  readonly ids: ReadonlySet<string>;
  /** The last row that has one; null when there is none. */
  readonly last: RecordNote['last'];
}

/** Ids read at a time: some megabytes. */
const CHUNK_ROWS = 50_000;

/**
 * Reads which of some events are in the sheet after all. From the last row that is known on; when people have moved rows
 * meanwhile, from the first on.
 * @param cells the events' first cells.
 * @param turn is awaited before every call.
 */
export async function readBack(
  target: RecordingTarget,
  last: RecordNote['last'],
  cells: ReadonlySet<string>,
  turn: () => Promise<void>,
): Promise<Told<ReadBack>> {
  if (last) {
    await turn();
    const tail = await target.readIds(last.row, null);
    // Rows that are there no more cannot be read: somebody deleted some.
    if (tail.kind === 'failed' && tail.failure.code !== 'place_missing') return tail;
    if (tail.kind === 'done' && tells(tail.value, last.id, cells)) {
      return { kind: 'done', value: gathered(tail.value, last.row) };
    }
  }
  return await readAll(target, turn);
}

/**
 * Whether the tail is all there is to read: it begins with the row that was known, and either nothing follows, or all
 * that is looked for does. Anything else looks as if rows had been moved.
 */
function tells(tail: readonly string[], lastId: string, cells: ReadonlySet<string>): boolean {
  if (tail[0] !== lastId) return false;
  const following = new Set(tail.slice(1));
  return following.size === 0 || [...cells].every((cell) => following.has(cell));
}

async function readAll(target: RecordingTarget, turn: () => Promise<void>): Promise<Told<ReadBack>> {
  await turn();
  const rows = await target.countRows();
  if (rows.kind === 'failed') return rows;
  const ids: string[] = [];
  for (let from = 1; from <= rows.value; from += CHUNK_ROWS) {
    const to = Math.min(rows.value, from + CHUNK_ROWS - 1);
    await turn();
    const chunk = await target.readIds(from, to);
    if (chunk.kind === 'failed') return chunk;
    for (const [index, id] of chunk.value.entries()) ids[from - 1 + index] = id;
  }
  return {
    kind: 'done',
    value: gathered(
      Array.from(ids, (id) => id ?? ''),
      1,
    ),
  };
}

function gathered(ids: readonly string[], from: number): ReadBack {
  const at = ids.findLastIndex((id) => id !== '');
  return { ids: new Set(ids), last: at < 0 ? null : { row: from + at, id: ids[at] as string } };
}
