import type { Success } from './event-states.ts';
import type { Fault } from './fault.ts';

/**
 * Every answer NSPS can get, as a table (contract §2.2): NSPS keeps code and body in its event history, so the body has
 * to tell an operator what happened. Operators are answered in the same form.
 */

type ErrorType =
  | 'VALIDATION_ERROR'
  | 'AUTHENTICATION_ERROR'
  | 'SERVICE_ERROR'
  | 'CONNECTION_ERROR'
  | 'RATE_LIMIT_ERROR'
  | 'INTERNAL_ERROR';

interface ErrorAnswer {
  readonly status: number;
  readonly type: ErrorType;
  readonly message: string;
  /** Stands in `error` unless something more telling is known. */
  readonly error: string;
  /** When it is given, for the operator's table. */
  readonly when: string;
}

/** What NSPS can be told. */
export const EVENT_ERRORS = {
  malformed_request: {
    status: 400,
    type: 'VALIDATION_ERROR',
    message: 'Bad request',
    error: 'The request is not valid HTTP',
    when: 'the bytes sent are not an HTTP request',
  },
  unauthorized: {
    status: 401,
    type: 'AUTHENTICATION_ERROR',
    message: 'Invalid access token',
    error: 'Unauthorized',
    when: 'the token is missing, malformed or wrong',
  },
  not_found: {
    status: 404,
    type: 'VALIDATION_ERROR',
    message: 'Resource not found',
    error: 'Not found',
    when: 'no such route here',
  },
  unknown_subscriber: {
    status: 404,
    type: 'VALIDATION_ERROR',
    message: 'Resource not found',
    error: 'Not found',
    when: 'the core does not know the subscriber',
  },
  place_missing: {
    status: 404,
    type: 'VALIDATION_ERROR',
    message: 'Resource not found',
    error: 'Not found',
    when: 'the spreadsheet or the sheet in it is not there (`TARGET=google-sheets`); or a page that is not JSON stands where the core should',
  },
  method_not_allowed: {
    status: 405,
    type: 'VALIDATION_ERROR',
    message: 'Method not allowed',
    error: 'Method not allowed',
    when: 'the route exists, the method does not',
  },
  request_timeout: {
    status: 408,
    type: 'VALIDATION_ERROR',
    message: 'Request timeout',
    error: 'The request did not arrive in time',
    when: 'the client sent its request too slowly (`INTAKE_TIMEOUT`)',
  },
  payload_too_large: {
    status: 413,
    type: 'VALIDATION_ERROR',
    message: 'Payload too large',
    error: 'The body is larger than MAX_BODY_BYTES',
    when: 'the body is larger than `MAX_BODY_BYTES`',
  },
  unsupported_media_type: {
    status: 415,
    type: 'VALIDATION_ERROR',
    message: 'Unsupported media type',
    error: 'Send the event as application/json, not compressed, in UTF-8',
    when: 'the body is not `application/json`, or is compressed',
  },
  headers_too_large: {
    status: 431,
    type: 'VALIDATION_ERROR',
    message: 'Request header fields too large',
    error: 'The request headers are larger than 16 KiB',
    when: 'the request headers are larger than 16 KiB',
  },
  validation_failed: {
    status: 422,
    type: 'VALIDATION_ERROR',
    message: 'Validation failed',
    error: 'Validation failed',
    when: 'the body is not JSON, breaks the schema, or holds a value the core cannot take',
  },
  core_refused: {
    status: 422,
    type: 'SERVICE_ERROR',
    message: 'WTL service error',
    error: 'Unknown error',
    when: 'the core refused the request: 400, 409, 422, another 4xx, or 2xx with `result: false`',
  },
  rate_limited: {
    status: 429,
    type: 'RATE_LIMIT_ERROR',
    message: 'Too many requests to API Core',
    error: 'Rate limit exceeded',
    when: "the core answered 429, or the connector's own waiting room is full",
  },
  core_error: {
    status: 500,
    type: 'SERVICE_ERROR',
    message: 'API Core HTTP error',
    error: 'Internal server error',
    when: 'the core answered 5xx other than 503, a redirect, or 2xx that is not JSON',
  },
  core_credentials: {
    status: 500,
    type: 'AUTHENTICATION_ERROR',
    message: 'WTL API authentication failed',
    error: 'Invalid API token',
    when: "the core refused the connector's own credentials (401, 403)",
  },
  internal: {
    status: 500,
    type: 'INTERNAL_ERROR',
    message: 'Internal server error',
    error: 'Internal server error',
    when: 'a fault of the connector itself; the log line with the same `request_id` has it',
  },
  unavailable: {
    status: 503,
    type: 'CONNECTION_ERROR',
    message: 'Core service is not available',
    error: 'Core service is not available',
    when: 'the core cannot be reached, timed out or answered 503 or 408, its circuit is open, the store cannot be written, or the connector is stopping',
  },
} as const satisfies Record<string, ErrorAnswer>;

/** What only the admin API and the console tell. */
export const OPERATOR_ERRORS = {
  not_signed_in: {
    status: 401,
    type: 'AUTHENTICATION_ERROR',
    message: 'Not signed in',
    error: 'Sign in, or send the admin token',
    when: 'neither a session of the console nor the admin token comes with the request',
  },
  sign_in_refused: {
    status: 401,
    type: 'AUTHENTICATION_ERROR',
    message: 'Sign-in refused',
    error: 'This is not the token of the console',
    when: 'somebody signs in with a wrong token',
  },
  forbidden: {
    status: 403,
    type: 'AUTHENTICATION_ERROR',
    message: 'Forbidden',
    error: 'This was not asked for by a page of the console',
    when: 'a request with a session does not come from a page of the console itself',
  },
  unknown_resource: {
    status: 404,
    type: 'VALIDATION_ERROR',
    message: 'Resource not found',
    error: 'Not found',
    when: 'there is no such event or subscriber, or no simulator runs inside',
  },
  too_many_sign_ins: {
    status: 429,
    type: 'RATE_LIMIT_ERROR',
    message: 'Too many wrong sign-ins',
    error: 'Too many wrong tokens came; wait before the next try',
    when: 'too many wrong tokens came from the same address within a minute',
  },
  too_many_streams: {
    status: 503,
    type: 'RATE_LIMIT_ERROR',
    message: 'Too many streams',
    error: 'As many pages and downloads are open as are served at a time',
    when: 'as many streams are open as are served at a time',
  },
  store_unavailable: {
    status: 503,
    type: 'CONNECTION_ERROR',
    message: 'Store is not available',
    error: 'The store is not available',
    when: 'the store cannot be read or written now',
  },
} as const satisfies Record<string, ErrorAnswer>;

/** Every failure answer there is. */
export const ERRORS = { ...EVENT_ERRORS, ...OPERATOR_ERRORS } as const;

export type ErrorCode = keyof typeof ERRORS;

/** One more fact for the operator: where (a field's path, `core` or `store`) and what. */
export interface Detail extends Fault {
  /** HTTP status of the core. */
  readonly status?: number;
  /** The subscriber that the call was about. */
  readonly imsi?: string;
}

/** The body of a failure answer. */
export interface ErrorBody {
  readonly message: string;
  readonly error: string;
  readonly type: string;
  readonly details?: readonly Detail[];
}

/**
 * The body of a failure answer.
 * @param error what is wrong, in words; the table's own words when absent.
 * @param lowerCase spell `type` as the older published OpenAPI document does (`ERROR_TYPE_CASE=lower`).
 */
export function errorBody(
  code: ErrorCode,
  { error, details, lowerCase = false }: { error?: string; details?: readonly Detail[]; lowerCase?: boolean } = {},
): ErrorBody {
  const entry = ERRORS[code];
  return {
    message: entry.message,
    error: error ?? entry.error,
    type: lowerCase ? entry.type.toLowerCase() : entry.type,
    ...(details && details.length > 0 && { details }),
  };
}

/** The body of a 202. */
export interface SuccessBody {
  readonly message: string;
  readonly outcome: Success;
  readonly reason?: string;
}

/** The body of a 202. @param reason why an event was ignored. */
export function successBody(outcome: Success, reason = ''): SuccessBody {
  switch (outcome) {
    case 'processed':
      return { message: 'Event processed successfully', outcome };
    case 'queued':
      return { message: 'Event accepted for processing', outcome };
    case 'superseded':
      return { message: 'Event superseded by a newer event', outcome };
    case 'ignored':
      return { message: `Event ignored: ${reason}`, outcome, reason };
  }
}
