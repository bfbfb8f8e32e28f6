/** What is wrong with a request, and where: `path` is written as one would in code (`pb_data.sim_info.imsi`). */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** All of them in one line, for people. */
export function faultsText(faults: readonly Fault[]): string {
  return faults.map(({ path, message }) => `${path} ${message}`).join('; ');
}
