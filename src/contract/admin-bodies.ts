import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import type { Read } from './admin-params.ts';
import type { Fault } from './fault.ts';
import { readablePath } from './validate.ts';

const compiled = new WeakMap<TSchema, Validator>();

/** Bytes → what a schema describes, or what is wrong with them. Never throws. */
export function readBody<S extends TSchema>(schema: S, raw: Uint8Array): Read<Static<S>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch {
    return { ok: false, faults: [{ path: '(body)', message: 'must be JSON' }] };
  }
  const validator = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, validator);
  if (validator.Check(value)) return { ok: true, value: value as Static<S> };
  // Said of every field that must not be there, beside the words about all of them.
  const errors = validator.Errors(value).filter(({ keyword }) => keyword !== 'boolean');
  return { ok: false, faults: errors.map(faultOf).slice(0, MOST_FAULTS) };
}

const MOST_FAULTS = 8;

function faultOf(error: TLocalizedValidationError): Fault {
  const at = readablePath(error.instancePath);
  if (error.keyword === 'required') {
    return { path: [at, ...error.params.requiredProperties].filter(Boolean).join('.'), message: 'is required' };
  }
  return { path: at === '' ? '(body)' : at, message: messageOf(error) };
}

function messageOf(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    // Only IMSIs have one.
    case 'pattern':
      return 'must be 15 digits';
    case 'minProperties':
    case 'maxProperties':
      return 'must hold one of imsis, letters, why and all';
    case 'additionalProperties':
      return `must not hold ${error.params.additionalProperties.join(', ').slice(0, 200)}`;
    default:
      return error.message;
  }
}
