/** An existing header that is another one. */
export function headerWords({ found, expected }: { found: readonly string[]; expected: readonly string[] }): string {
  return `the sheet's first row is ${found.join(' | ')}, and must be ${expected.join(' | ')}`;
}
