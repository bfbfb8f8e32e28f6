import { ERRORS, type ErrorCode, EVENT_ERRORS, errorBody, successBody } from './answers.ts';
import { eventSchema } from './event.ts';
import { SUCCESSES } from './event-states.ts';
import { adminPaths, adminSchemas, adminSecurity } from './openapi-admin.ts';
import { SAMPLE_EVENT } from './samples.ts';

const ERROR_TYPES = [...new Set(Object.values(ERRORS).map(({ type }) => type))];

const errorSchema = {
  type: 'object',
  required: ['message', 'error', 'type'],
  properties: {
    message: { type: 'string', description: 'What kind of failure it is.' },
    error: { type: 'string', description: "What is wrong; the core's own words where it spoke." },
    type: { type: 'string', enum: [...ERROR_TYPES, ...ERROR_TYPES.map((type) => type.toLowerCase())] },
    details: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'string', description: 'The field that is wrong, or who failed: `core` or `store`.' },
          message: { type: 'string' },
          status: { type: 'integer', description: 'HTTP status of the core.' },
          imsi: { type: 'string', description: 'The subscriber that the call was about.' },
        },
      },
    },
  },
};

const successSchema = {
  type: 'object',
  required: ['message', 'outcome'],
  properties: {
    message: { type: 'string' },
    outcome: { type: 'string', enum: [...SUCCESSES] },
    reason: { type: 'string', description: 'Why an event was ignored.' },
  },
};

const json = (schema: unknown, extra: object = {}) => ({ 'application/json': { schema, ...extra } });

/** Answers of one status share an entry; each reason is an example of it, if wanted. */
function errorResponses(codes: readonly ErrorCode[], examples = true): Record<string, unknown> {
  const responses: Record<string, { description: string; headers?: unknown; content: unknown }> = {};
  for (const status of new Set(codes.map((code) => ERRORS[code].status))) {
    const same = codes.filter((code) => ERRORS[code].status === status);
    responses[status] = {
      description: same.map((code) => ERRORS[code].when).join('; or '),
      ...(headersOf(status) && { headers: headersOf(status) }),
      content: json(
        { $ref: '#/components/schemas/Error' },
        examples ? { examples: Object.fromEntries(same.map((code) => [code, { value: errorBody(code) }])) } : {},
      ),
    };
  }
  return responses;
}

function headersOf(status: number): object | null {
  const header = (description: string, type: string) => ({ description, schema: { type } });
  if (status === 401) return { 'WWW-Authenticate': header('`Bearer`', 'string') };
  if (status === 405) return { Allow: header('The methods there are.', 'string') };
  if (status === 429 || status === 503) return { 'Retry-After': header('Seconds.', 'integer') };
  return null;
}

function successExamples() {
  const bodies = {
    processed: successBody('processed'),
    queued: successBody('queued'),
    ignored: successBody('ignored', 'No defined action for event type: Account/Created'),
    superseded: successBody('superseded'),
  };
  return Object.fromEntries(Object.entries(bodies).map(([name, value]) => [name, { value }]));
}

/** How an event is taken. */
function eventOperation() {
  return {
    summary: 'Take an enriched event',
    description: 'Any answer other than 202 means: send it again later.',
    operationId: 'processEvent',
    parameters: ['x-b3-traceid', 'x-request-id'].map((name) => ({
      name,
      in: 'header',
      required: false,
      description: 'Follows the event through the logs and to the core; made up when absent.',
      schema: { type: 'string' },
    })),
    requestBody: {
      required: true,
      content: json({ $ref: '#/components/schemas/Event' }, { example: SAMPLE_EVENT }),
    },
    responses: {
      202: {
        description: 'Applied, queued, ignored by rule, or superseded by a newer event.',
        content: json({ $ref: '#/components/schemas/Success' }, { examples: successExamples() }),
      },
      ...errorResponses(Object.keys(EVENT_ERRORS) as ErrorCode[]),
    },
  };
}

/** How it is asked whether the connector is well. */
function probe(summary: string, healthy: string, more: object = {}) {
  return {
    get: {
      summary,
      security: [],
      responses: { 200: { description: healthy, content: json({ type: 'object' }) }, ...more },
    },
  };
}

/** The interface as OpenAPI 3.1, from the schemas and tables that the program itself runs on. */
export function buildOpenApi({ eventPath }: { eventPath: string }) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'NSPS connector',
      version: '1.0.0',
      description: 'Takes enriched PortaBilling events from NSPS and provisions the HLR/HSS.',
    },
    security: [{ bearer: [] }],
    paths: {
      [eventPath]: { post: eventOperation() },
      '/health': probe('Is the process alive?', 'It is.'),
      '/ready': probe('Does it take events?', 'It does.', {
        503: { description: 'It is stopping, or the store fails.' },
      }),
      '/openapi.json': {
        get: {
          summary: 'This document',
          responses: {
            200: { description: 'OpenAPI 3.1', content: json({ type: 'object' }) },
            ...errorResponses(['unauthorized']),
          },
        },
      },
      ...adminPaths((codes) => errorResponses(codes, false)),
    },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: '`API_TOKEN`: the one that NSPS sends.' },
        ...adminSecurity,
      },
      schemas: { Event: eventSchema, Success: successSchema, Error: errorSchema, ...adminSchemas },
    },
  };
}
