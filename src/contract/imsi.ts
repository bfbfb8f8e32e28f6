/** An IMSI as the HLR/HSS takes it (contract §3.3), for a JSON Schema. It is text: those of test networks begin with zeros. */
export const IMSI_PATTERN = '^\\d{15}$';

const IMSI = new RegExp(IMSI_PATTERN);

/** Whether the HLR/HSS takes it for an IMSI. */
export function isImsi(text: string): boolean {
  return IMSI.test(text);
}
