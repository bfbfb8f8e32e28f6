import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** How an outage or a scripted answer shows: an HTTP status, or one of these. */
const manner = Type.Union([
  Type.Integer({ minimum: 200, maximum: 599 }),
  Type.Literal('refuse', { description: 'hang up before anything is applied' }),
  Type.Literal('cut', { description: 'apply, then hang up without an answer' }),
  Type.Literal('applied-500', { description: 'apply, then answer 500' }),
  Type.Literal('hang', { description: 'never answer' }),
  Type.Literal('late', { description: 'never answer, and apply it after the caller has given up' }),
  Type.Literal('garbage', { description: 'answer 200 with something that is not JSON' }),
]);

export type Manner = Static<typeof manner>;

const rate = Type.Number({ minimum: 0, maximum: 1 });

export const faultsSchema = Type.Object(
  {
    latency_ms: Type.Optional(Type.Number({ minimum: 0, description: 'Time before every answer.' })),
    jitter_ms: Type.Optional(Type.Number({ minimum: 0, description: 'Random time added to it, at most.' })),
    error_rate: Type.Optional(Type.Unsafe<number>({ ...rate, description: 'Share of requests that fail.' })),
    error_as: Type.Optional(manner),
    cut_rate: Type.Optional(Type.Unsafe<number>({ ...rate, description: 'Share applied, then cut.' })),
    mix: Type.Optional(
      Type.Array(
        Type.Object(
          { as: manner, rate },
          { additionalProperties: false, description: 'A share that fails like this.' },
        ),
      ),
    ),
    late_ms: Type.Optional(
      Type.Number({ minimum: 0, description: 'Longest time between arrival and application of a `late` request.' }),
    ),
    retry_after: Type.Optional(Type.Integer({ minimum: 0, description: 'Seconds, sent with 429 and 503.' })),
    outages: Type.Optional(
      Type.Array(
        Type.Object(
          { from_s: Type.Number({ minimum: 0 }), for_s: Type.Number({ minimum: 0 }), as: Type.Optional(manner) },
          { additionalProperties: false, description: 'A window in time, counted from when the faults were set.' },
        ),
      ),
    ),
    script: Type.Optional(
      Type.Array(
        Type.Object(
          { as: manner, times: Type.Optional(Type.Integer({ minimum: 1 })) },
          { additionalProperties: false },
        ),
        { description: 'The next requests fail like this, in this order, whatever else is set.' },
      ),
    ),
  },
  { additionalProperties: false },
);

export type Faults = Static<typeof faultsSchema>;

/** @throws Error naming the first field that is wrong. */
export function readFaults(value: unknown): Faults {
  const validator = Compile(faultsSchema);
  if (validator.Check(value)) return value;
  const [first] = validator.Errors(value);
  throw new Error(`faults${first?.instancePath.replaceAll('/', '.') ?? ''} ${wordsOf(first)}`);
}

/** A field that there is not has the schema `false`, which says nothing to people. */
function wordsOf(error: { readonly keyword: string; readonly message: string } | undefined): string {
  if (error?.keyword === 'boolean') return 'is no fault that there is; docs/simulator.md has them all';
  return error?.message ?? 'are wrong';
}

/** When a `late` request is applied at the latest, unless the faults say otherwise: milliseconds after its arrival. */
const LATE_MS = 1_500;

/** Decides, request by request, what goes wrong. */
export class FaultPlan {
  readonly #faults: Faults;
  readonly #random: () => number;
  readonly #setAt = performance.now();
  readonly #script: Manner[];

  /** @param random from 0 (inclusive) to 1. */
  constructor(faults: Faults, random: () => number) {
    this.#faults = faults;
    this.#random = random;
    this.#script = (faults.script ?? []).flatMap(({ as, times = 1 }) => Array<Manner>(times).fill(as));
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** @returns how the next request fails, or null when it does not. */
  next(): Manner | null {
    const scripted = this.#script.shift();
    if (scripted !== undefined) return scripted;
    const seconds = (performance.now() - this.#setAt) / 1000;
    const outage = this.#faults.outages?.find(({ from_s, for_s }) => seconds >= from_s && seconds < from_s + for_s);
    if (outage) return outage.as ?? 503;
    if (this.#random() < (this.#faults.error_rate ?? 0)) return this.#faults.error_as ?? 503;
    if (this.#random() < (this.#faults.cut_rate ?? 0)) return 'cut';
    return this.#drawn();
  }

  /** One draw for the whole mix, so that the shares add up. */
  #drawn(): Manner | null {
    let left = this.#random();
    for (const { as, rate } of this.#faults.mix ?? []) {
      left -= rate;
      if (left < 0) return as;
    }
    return null;
  }

  /** Milliseconds to wait before answering. */
  latency(): number {
    return (this.#faults.latency_ms ?? 0) + this.#random() * (this.#faults.jitter_ms ?? 0);
  }

  /** Milliseconds after its arrival by which a `late` request has been applied. */
  get lateMs(): number {
    return this.#faults.late_ms ?? LATE_MS;
  }
}
