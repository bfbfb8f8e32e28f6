/** An IMSI is kept as a number; test networks begin with zeros. */
export function asImsi(key: number): string {
  return String(key).padStart(15, '0');
}
