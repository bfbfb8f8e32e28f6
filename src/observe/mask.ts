/** Ids that are made to be looked up: they say nothing about a person. */
const IDS = new Set(['request_id', 'unique_id', 'event_id', 'version', 'time']);

/** Hides what may be an IMSI, an MSISDN or a card number in text: all but the last three of six digits or more. */
export function maskText(text: string): string {
  return text.replace(/\d{6,}/g, (digits) => '*'.repeat(digits.length - 3) + digits.slice(-3));
}

/** Masks every text in a log line's fields, at any depth, but the ids. @param mask what is done to a text. */
export function maskFields<T>(value: T, mask: (text: string) => string): T {
  if (typeof value === 'string') return mask(value) as T;
  if (Array.isArray(value)) return value.map((item) => maskFields(item, mask)) as T;
  if (value instanceof Error) return maskFields(readableError(value), mask) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [key, IDS.has(key) ? field : maskFields(field, mask)]);
  return Object.fromEntries(entries) as T;
}

/** An error's own fields are hidden from `Object.entries`. */
function readableError(error: Error) {
  return { type: error.name, message: error.message, stack: error.stack ?? '' };
}
