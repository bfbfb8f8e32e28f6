/** A request that waits to be carried out, and who is told what came of it. */
export interface Waiting<Q, R> {
  readonly request: Q;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Carries requests out together. @returns one result for each, in their order. */
export type CarryOut<Q, R> = (requests: readonly Q[]) => Promise<readonly R[]>;

/** Carries out those who wait, and tells each what came of it: all of them the same when nothing did. Never rejects. */
export async function carryOutAll<Q, R>(together: readonly Waiting<Q, R>[], carryOut: CarryOut<Q, R>): Promise<void> {
  try {
    const results = await carryOut(together.map(({ request }) => request));
    for (const [index, { resolve }] of together.entries()) resolve(results[index] as R);
  } catch (error) {
    for (const { reject } of together) reject(error);
  }
}
