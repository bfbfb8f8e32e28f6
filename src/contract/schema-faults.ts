import type { TLocalizedValidationError } from 'typebox/error';
import { type Fault, MOST_FAULTS } from './fault.ts';

/** Where a fault is said to be when it is in the value as a whole. */
export const WHOLE_BODY = '(body)';

/**
 * What a validator objects to, with the path of each fault; a few at most.
 * @param wordsOf says what is wrong; fields that are missing have words of their own.
 */
export function schemaFaults(
  errors: readonly TLocalizedValidationError[],
  wordsOf: (error: TLocalizedValidationError) => string,
): Fault[] {
  return errors.flatMap((error) => faultsIn(error, wordsOf)).slice(0, MOST_FAULTS);
}

function faultsIn(error: TLocalizedValidationError, wordsOf: (error: TLocalizedValidationError) => string): Fault[] {
  const at = readablePath(error.instancePath);
  if (error.keyword === 'required') {
    return error.params.requiredProperties.map((name) => ({
      path: at === '' ? name : `${at}.${name}`,
      message: 'is required',
    }));
  }
  return [{ path: at === '' ? WHOLE_BODY : at, message: wordsOf(error) }];
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
