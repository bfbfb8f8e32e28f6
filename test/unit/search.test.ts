import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventRow, EventSearch } from '../../src/ports/operating.ts';
import { type SearchedJournal, type Span, searchPage } from '../../src/store/search.ts';

const ROWS = 70_000;
const MIB = 1024 ** 2;

/** A journal of many events, and how many of them a search looked at. */
class ManyEvents implements SearchedJournal {
  readonly #fits: (seq: number) => boolean;
  readonly #bytes: number;
  readonly #listed: readonly number[] | null;
  looked = 0;

  /** @param more.bytes of each body. @param more.listed what an index lists. */
  constructor(fits: (seq: number) => boolean, more: { bytes?: number; listed?: readonly number[] } = {}) {
    this.#fits = fits;
    this.#bytes = more.bytes ?? 1_000;
    this.#listed = more.listed ?? null;
  }

  since = async () => 0;
  until = async () => ROWS;
  numberAt = async (span: Span, place: number) => (await this.newest(span, place))[place - 1] ?? null;
  sizes = async (numbers: readonly number[]) => new Map(numbers.map((seq) => [seq, this.#bytes]));

  async listed(_: EventSearch, { before }: Span, most: number) {
    return this.#listed?.filter((seq) => seq < before).slice(0, most + 1) ?? null;
  }

  async newest({ from, before }: Span, most: number) {
    const end = Math.min(before, ROWS);
    return Array.from({ length: Math.max(0, Math.min(most, end - from)) }, (_, index) => end - 1 - index);
  }

  async oldest({ from, before }: Span) {
    return from < Math.min(before, ROWS) ? { seq: from, receivedAt: from } : null;
  }

  async fitting({ limit }: EventSearch, stretch: Parameters<SearchedJournal['fitting']>[1]) {
    const numbers = 'numbers' in stretch ? stretch.numbers : await this.newest(stretch, ROWS);
    this.looked += numbers.length;
    const rows = numbers.filter(this.#fits).slice(0, limit);
    return rows.map((seq) => ({ seq, receivedAt: seq }) as EventRow);
  }
}

/** A clock that stands: no page ends because looking took long. */
const still = () => 0;

/** All pages. @returns the numbers found, and how many events each page looked at. */
async function walk(journal: ManyEvents, search: EventSearch) {
  const [found, looked]: [number[], number[]] = [[], []];
  for (let beforeSeq: number | null = ROWS; beforeSeq !== null; ) {
    const before = journal.looked;
    const page = await searchPage(journal, { ...search, beforeSeq }, still);
    looked.push(journal.looked - before);
    found.push(...page.events.map(({ seq }) => seq));
    assert.ok(page.next === null || page.next < beforeSeq);
    if (page.next !== null) assert.equal(page.reachedAt, page.next, 'it says how far it looked');
    beforeSeq = page.next;
  }
  return { found, looked };
}

describe('a search', () => {
  test('finds what is rare by pages that look at so many events each', async () => {
    const { found, looked } = await walk(new ManyEvents((seq) => seq % 30_000 === 7), { type: 'Rare', limit: 50 });
    assert.deepEqual(found, [60_007, 30_007, 7]);
    assert.deepEqual(looked, [20_000, 20_000, 20_000, 10_000]);
  });

  test('ends a page early where looking takes long, and still comes further with every page', async () => {
    let time = 0;
    const slow = () => (time += 60);
    const journal = new ManyEvents((seq) => seq % 5_000 === 7);
    const found: number[] = [];
    let pages = 0;
    for (let beforeSeq: number | null = ROWS; beforeSeq !== null; pages++) {
      const page = await searchPage(journal, { type: 'Rare', limit: 50, beforeSeq }, slow);
      found.push(...page.events.map(({ seq }) => seq));
      beforeSeq = page.next;
    }
    assert.deepEqual(
      found,
      Array.from({ length: 14 }, (_, index) => 65_007 - 5_000 * index),
    );
    assert.deepEqual([pages, journal.looked], [ROWS / 1_250 + 1, ROWS]);
  });

  test('goes no further than it has to for a full page', async () => {
    const journal = new ManyEvents(() => true);
    const page = await searchPage(journal, { type: 'Common', limit: 50 }, still);
    assert.deepEqual([page.events.length, page.next, journal.looked], [50, ROWS - 50, 1_250]);
  });

  test('looks at no more than a page when everything fits', async () => {
    const journal = new ManyEvents(() => true);
    const page = await searchPage(journal, { limit: 50 }, still);
    assert.deepEqual([page.events.length, page.next, journal.looked], [50, ROWS - 50, 50]);
  });

  test('reads fewer events where their bodies have to be read, and fewer still where these are long', async () => {
    const few = await walk(new ManyEvents((seq) => seq === 60_000), { text: 'x', beforeSeq: ROWS, limit: 9 });
    assert.deepEqual(few.found, [60_000]);
    assert.ok(few.looked.every((count) => count <= 2_000));
    const journal = new ManyEvents(() => false, { bytes: 5 * MIB });
    await searchPage(journal, { text: 'x', limit: 9 }, still);
    assert.equal(journal.looked, 6);
    const huge = new ManyEvents(() => false, { bytes: 50 * MIB });
    const { next } = await searchPage(huge, { text: 'x', limit: 9 }, still);
    assert.deepEqual([huge.looked, next], [1, ROWS - 1], 'one at least');
  });

  test('goes through what an index lists, however long the list', async () => {
    const listed = Array.from({ length: 12_000 }, (_, index) => ROWS - 5 * (index + 1));
    const journal = new ManyEvents((seq) => seq % 1_000 === 0, { listed });
    const { found, looked } = await walk(journal, { state: 'failed', type: 'SIM/Updated', limit: 100 });
    assert.deepEqual(
      found,
      listed.filter((seq) => seq % 1_000 === 0),
    );
    assert.deepEqual(looked, [5_000, 5_000, 2_000]);
  });

  test('takes no more than a page of a list when everything on it fits', async () => {
    const listed = Array.from({ length: 250 }, (_, index) => ROWS - 5 * (index + 1));
    for (const filter of [{ state: 'failed' }, { imsi: '001010000000001' }] as const) {
      const { found, looked } = await walk(new ManyEvents(() => true, { listed }), { ...filter, limit: 100 });
      assert.deepEqual([found, looked], [listed, [100, 100, 50]]);
    }
  });
});
