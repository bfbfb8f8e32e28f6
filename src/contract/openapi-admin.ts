import type { TSchema } from 'typebox';
import * as schemas from './admin.ts';
import type { Param } from './admin-params.ts';
import { ADMIN_ROUTES, type AdminRoute, SESSION_COOKIE, SESSION_ROUTES } from './admin-routes.ts';
import type { ErrorCode } from './answers.ts';

/** How failure answers are documented: shared with the event path. */
type ErrorResponses = (codes: readonly ErrorCode[]) => Record<string, unknown>;

const BEARER = [{ admin: [] }, { session: [] }];

/** Names of the schemas in the document: `overviewSchema` → `Overview`. */
const NAMES = new Map<unknown, string>(
  Object.entries(schemas)
    .filter(([name]) => name.endsWith('Schema'))
    .map(([name, schema]) => [schema, name[0]?.toUpperCase() + name.slice(1, -'Schema'.length)]),
);

/** Schemas of the admin API, by name. */
export const adminSchemas: Readonly<Record<string, unknown>> = Object.fromEntries(
  [...NAMES].map(([schema, name]) => [name, membersOf(schema as object)]),
);

/** Schemas inside others stand there by name. */
function withNames(schema: unknown): unknown {
  if (NAMES.has(schema)) return ref(NAMES.get(schema) as string);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Array.isArray(schema) ? schema.map(withNames) : membersOf(schema);
}

function membersOf(schema: object): unknown {
  return Object.fromEntries(Object.entries(schema).map(([key, member]) => [key, withNames(member)]));
}

export const adminSecurity = {
  admin: { type: 'http', scheme: 'bearer', description: '`ADMIN_TOKEN`.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: SESSION_COOKIE,
    description:
      'A session of the console, from `POST /console/session`. What changes something needs the header `x-console: 1`, ' +
      'and has to come from a page of the same origin.',
  },
};

/** The paths of the admin API and of the sessions. */
export function adminPaths(errors: ErrorResponses): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  const add = (route: AdminRoute, operation: unknown) => {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
  };
  for (const route of ADMIN_ROUTES) add(route, { ...operationOf(route, errors, ['not_signed_in']), security: BEARER });
  for (const route of SESSION_ROUTES) add(route, { ...operationOf(route, errors, []), security: [] });
  return paths;
}

function operationOf(route: AdminRoute, errors: ErrorResponses, common: readonly ErrorCode[]) {
  const { params = {}, body, summary } = route;
  const codes = new Set<ErrorCode>([...common, ...(route.errors ?? []), ...impliedErrors(route)]);
  return {
    summary,
    tags: [route.path.startsWith('/admin') ? 'admin' : 'console'],
    ...(Object.keys(params).length > 0 && { parameters: parametersOf(route) }),
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: ref(typeof body === 'string' ? body : nameOf(body)) } },
      },
    }),
    responses: { 200: answerOf(route), ...errors([...codes]) },
  };
}

function impliedErrors({ method, path, params, body }: AdminRoute): ErrorCode[] {
  const admin = path.startsWith('/admin');
  return [
    ...(admin && method !== 'GET' ? (['forbidden'] as const) : []),
    ...(params || body ? (['validation_failed'] as const) : []),
    ...(body ? (['payload_too_large', 'unsupported_media_type'] as const) : []),
    ...(admin ? (['store_unavailable'] as const) : []),
  ];
}

function parametersOf({ path, params = {} }: AdminRoute) {
  return Object.entries<Param<unknown>>(params).map(([name, { schema, about, required = false }]) => {
    const inPath = path.includes(`:${name}`);
    return { name, in: inPath ? 'path' : 'query', required, description: about, schema };
  });
}

function answerOf({ answer, type = 'application/json' }: AdminRoute) {
  const schema = type === 'text/csv' ? { type: 'string' } : ref(nameOf(answer));
  const description = DESCRIPTIONS[type] ?? 'The answer.';
  return { description, content: { [type]: { schema } } };
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'text/event-stream': 'Each `overview` event carries this as JSON.',
  'application/x-ndjson': 'One such object a line while the work goes on; the last one has `ended`.',
  'text/csv': 'A header and a row an event.',
};

function nameOf(schema: TSchema): string {
  return NAMES.get(schema) ?? '';
}

function ref(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}
