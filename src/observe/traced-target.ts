import type { Outcome } from '../core/outcome.ts';
import type { Change } from '../core/types.ts';
import type { CallContext, Target } from '../ports/target.ts';
import type { Tracer } from '../ports/tracer.ts';

/** Any external system, with each call to it a span that the system can go on with. */
export class TracedTarget implements Target {
  readonly name: string;
  readonly #target: Target;
  readonly #tracer: Tracer;

  constructor(target: Target, tracer: Tracer) {
    this.name = target.name;
    this.#target = target;
    this.#tracer = tracer;
  }

  apply(change: Change, context: CallContext): Promise<Outcome> {
    return this.#tracer.call(context, async (trace) => {
      const outcome = await this.#target.apply(change, { ...context, trace });
      this.#note(change, outcome);
      return outcome;
    });
  }

  #note({ action, state }: Change, outcome: Outcome): void {
    const failure = outcome.kind === 'failed' ? outcome.failure : null;
    this.#tracer.note(
      () => ({
        action,
        imsi: state.imsi,
        target: this.name,
        result: failure?.code ?? 'done',
      }),
      failure?.why,
    );
  }

  close(): Promise<void> {
    return this.#target.close();
  }
}
