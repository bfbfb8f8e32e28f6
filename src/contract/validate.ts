import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type Event, eventSchema } from './event.ts';
import type { Fault } from './fault.ts';
import { schemaFaults } from './schema-faults.ts';

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

/** The first few faults of a value that is no event. */
export function faultsOf(value: unknown): Fault[] {
  return schemaFaults(prepareValidation().Errors(excerpt(value)), plainMessage);
}

/** List entries that are looked at for faults, and how deep the schema goes. */
const MOST_ENTRIES = 100;
const SCHEMA_DEPTH = 7;

/**
 * A value with the beginning of each of its lists only: the validator walks through all entries, and two megabytes of wrong
 * ones would keep everybody else waiting for most of a second.
 */
function excerpt(value: unknown, depth = 0): unknown {
  if (depth === SCHEMA_DEPTH || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, MOST_ENTRIES).map((entry) => excerpt(entry, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, excerpt(field, depth + 1)]));
}

function plainMessage(error: TLocalizedValidationError): string {
  if (error.keyword === 'enum') {
    return `must be one of ${error.params.allowedValues.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  if (error.keyword === 'minLength') return 'must not be empty';
  if (error.keyword === 'pattern') return 'must be a number or numeric text';
  return error.message;
}
