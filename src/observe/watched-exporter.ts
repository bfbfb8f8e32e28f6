import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../ports/runtime.ts';

type Done = Parameters<SpanExporter['export']>[1];

/** Hands spans on, and says once when that begins to fail and once when it works again. What failed is lost. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #url: string;
  readonly #log: Logger;
  #fails = false;

  constructor(exporter: SpanExporter, url: string, log: Logger) {
    this.#exporter = exporter;
    this.#url = url;
    this.#log = log;
  }

  export(spans: ReadableSpan[], done: Done): void {
    this.#exporter.export(spans, (result) => {
      this.#heard(result.code === 0 ? null : (result.error?.message ?? 'unknown fault'));
      done(result);
    });
  }

  #heard(error: string | null): void {
    if (this.#fails === (error !== null)) return;
    this.#fails = error !== null;
    if (error === null) this.#log.info({ collector: this.#url }, 'The collector takes traces again');
    else this.#log.warn({ collector: this.#url, error }, 'The collector does not take traces: they are lost meanwhile');
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}
