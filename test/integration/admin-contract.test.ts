import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_ROUTES, SESSION_ROUTES } from '../../src/contract/admin-routes.ts';
import { buildOpenApi } from '../../src/contract/openapi.ts';
import { askEveryRoute } from '../helpers/every-route.ts';

test('every route of the table is served, and answers what its schema says', async () => {
  await askEveryRoute('memory:');
});

test('every route for operators is in the OpenAPI document, with who may ask and how it can fail', () => {
  const { paths, components } = buildOpenApi({ eventPath: '/process-event' });
  const named = paths as unknown as Record<string, Record<string, Operation>>;
  for (const route of [...ADMIN_ROUTES, ...SESSION_ROUTES]) {
    const operation = named[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()];
    assert.ok(operation, `${route.method} ${route.path}`);
    assert.ok(operation.responses['200']);
    const open = route.path.startsWith('/console');
    assert.deepEqual(operation.security, open ? [] : [{ admin: [] }, { session: [] }]);
    assert.equal('401' in operation.responses, !open || route.method === 'POST');
  }
  const text = JSON.stringify(paths);
  const refs = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name as string);
  for (const name of refs) assert.ok(name in components.schemas, name);
  assert.ok('session' in components.securitySchemes && 'admin' in components.securitySchemes);
});

interface Operation {
  readonly security: unknown;
  readonly responses: Record<string, unknown>;
}
