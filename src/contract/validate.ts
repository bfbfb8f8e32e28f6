import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type Event, eventSchema } from './event.ts';

/** What is wrong with a request, and where: `path` is written as one would in code (`pb_data.sim_info.imsi`). */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

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
  return prepareValidation().Errors(value).flatMap(toFaults).slice(0, 8);
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
function readablePath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : index === 0 ? key : `.${key}`))
    .join('');
}
