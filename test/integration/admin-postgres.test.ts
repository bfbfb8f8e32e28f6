import { test } from 'node:test';
import { askEveryRoute } from '../helpers/every-route.ts';
import { postgresBench } from '../helpers/postgres.ts';

test('every route for operators works on PostgreSQL, too', async () => {
  await using bench = await postgresBench();
  await askEveryRoute(bench.url);
});
