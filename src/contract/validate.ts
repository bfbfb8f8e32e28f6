import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type Event, eventSchema } from './event.ts';
import type { Fault } from './fault.ts';

let compiled: Validator | undefined;

/** Compiles the schema (a few milliseconds) ahead of the first event; calling it again costs nothing. */
export function prepareValidation(): Validator {
  compiled ??= Compile(eventSchema);
  return compiled;
}

/** Tells whether parsed JSON is an event; never changes it. */
export function isEvent(value: unknown): value is Event {
  return prepareValidation().Check(value);
}

/** The first few faults (at most eight: a hostile body must not buy a long answer) of a value that is no event. */
export function faultsOf(value: unknown): Fault[] {
  return prepareValidation().Errors(excerpt(value)).flatMap(toFaults).slice(0, 8);
}

/** List entries that are looked at for faults, and how deep the schema goes. */
const MOST_ENTRIES = 100;
const SCHEMA_DEPTH = 7;

/**
 * The beginning of every list: the validator walks all entries before it stops at eight faults, and two megabytes of wrong
 * ones would keep everybody else waiting for most of a second.
 */
function excerpt(value: unknown, depth = 0): unknown {
  if (depth === SCHEMA_DEPTH || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, MOST_ENTRIES).map((entry) => excerpt(entry, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, excerpt(field, depth + 1)]));
}

function toFaults(error: TLocalizedValidationError): Fault[] {
  const at = readablePath(error.instancePath);
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => ({
      path: at === '' ? name : `${at}.${name}`,
      message: 'is required',
    }));
  }
  return [{ path: at === '' ? '(body)' : at, message: plainMessage(error) }];
}

function plainMessage(error: TLocalizedValidationError): string {
  if (error.keyword === 'enum') {
    return `must be one of ${error.params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  if (error.keyword === 'minLength') return 'must not be empty';
  if (error.keyword === 'pattern') return 'must be a number or numeric text';
  return error.message;
}

/** `/pb_data/access_policy_info/0/name` → `pb_data.access_policy_info[0].name`. */
export function readablePath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : index === 0 ? key : `.${key}`))
    .join('');
}
