/** What is wrong with a request, and where: `path` is written as one would in code (`pb_data.sim_info.imsi`). */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** No more are told of one request: a hostile one must not buy a long answer. */
export const MOST_FAULTS = 8;

/** All of them in one line, for people. */
export function faultsText(faults: readonly Fault[]): string {
  return faults.map(({ path, message }) => `${path} ${message}`).join('; ');
}
