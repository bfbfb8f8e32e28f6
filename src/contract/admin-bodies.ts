import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import type { Read } from './admin-params.ts';
import { schemaFaults, WHOLE_BODY } from './schema-faults.ts';

const compiled = new WeakMap<TSchema, Validator>();

/** Bytes → what a schema describes, or what is wrong with them. Never throws. */
export function readBody<S extends TSchema>(schema: S, raw: Uint8Array): Read<Static<S>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch {
    return { ok: false, faults: [{ path: WHOLE_BODY, message: 'must be JSON' }] };
  }
  const validator = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, validator);
  if (validator.Check(value)) return { ok: true, value: value as Static<S> };
  // The validator names each field that must not be there once more by itself, with the keyword `boolean`.
  const errors = validator.Errors(value).filter(({ keyword }) => keyword !== 'boolean');
  return { ok: false, faults: schemaFaults(errors, messageOf) };
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
