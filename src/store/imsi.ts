/** An IMSI from the number that it is kept as; those of test networks begin with zeros. */
export function asImsi(key: number): string;
export function asImsi(key: number | null): string | null;
export function asImsi(key: number | null): string | null {
  return key === null ? null : String(key).padStart(15, '0');
}

/** The number that an IMSI is kept as; null when there is none. */
export function keyOf(imsi: string | null): number | null {
  return imsi === null ? null : Number(imsi);
}
