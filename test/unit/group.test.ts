import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Group, type GroupLimits } from '../../src/store/group.ts';

/** In which groups requests are carried out that are asked at once. */
async function groupsOf(requests: readonly number[], limits?: GroupLimits<number>): Promise<number[][]> {
  const groups: number[][] = [];
  const group = new Group<number, number>(async (together) => {
    groups.push([...together]);
    return together;
  }, limits);
  assert.deepEqual(await Promise.all(requests.map((request) => group.ask(request))), requests);
  return groups;
}

test('a group ends before it has too many requests', async () => {
  assert.deepEqual(await groupsOf([1, 2, 3, 4, 5], { most: 2 }), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(await groupsOf([1, 2, 3]), [[1, 2, 3]]);
});

test('a group ends before it has too many bytes, and has one request at least', async () => {
  const bytesOf = (request: number) => request;
  assert.deepEqual(await groupsOf([3, 3, 4, 1, 20, 20, 1], { mostBytes: 10, bytesOf }), [
    [3, 3, 4],
    [1],
    [20],
    [20],
    [1],
  ]);
});
