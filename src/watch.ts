import type { Config } from './config/load.ts';
import { rulesOf } from './config/rules.ts';
import { Authenticator } from './http/auth.ts';
import { MetricsListener, type MetricsRoute } from './http/metrics.ts';
import { systemClock } from './observe/clock.ts';
import type { Sources } from './observe/gauges.ts';
import type { Metrics } from './observe/metrics.ts';
import { TracedTarget } from './observe/traced-target.ts';
import { WatchedStore } from './observe/watched-store.ts';
import { both, type Observer } from './ports/observer.ts';
import type { Logger } from './ports/runtime.ts';
import type { Store } from './ports/store.ts';
import type { Target } from './ports/target.ts';
import { NO_TRACER, type Tracer } from './ports/tracer.ts';
import { VERSION } from './version.ts';

/** Where figures come from that only the running parts know. */
export type RunningSources = Omit<Sources, 'build' | 'limits' | 'wall'>;

/** Metrics and traces, as far as the settings ask for them. What they do not ask for is not even loaded. */
export class Watch {
  readonly #config: Config;
  readonly #metrics: Metrics | null;
  readonly #listener: MetricsListener | null;
  readonly #log: Logger;
  readonly tracer: Tracer;
  /** Who is told of the work; null when nobody wants to know. */
  readonly observer: Observer | null;

  private constructor(
    config: Config,
    parts: { metrics: Metrics | null; tracer: Tracer; log: Logger; charts: Observer | null },
  ) {
    const { metrics, tracer, log, charts } = parts;
    this.#config = config;
    this.#metrics = metrics;
    this.#log = log;
    this.#listener = metrics && config.settings.METRICS_PORT !== null ? new MetricsListener(metrics) : null;
    this.tracer = tracer;
    this.observer = charts && metrics ? both(charts, metrics) : (charts ?? metrics);
  }

  /**
   * @param sources are asked once the parts run.
   * @param charts for operators are told, too; null when there are none.
   */
  static async open(
    config: Config,
    sources: RunningSources,
    { log, charts }: { log: Logger; charts: Observer | null },
  ): Promise<Watch> {
    const [metrics, tracer] = await Promise.all([openMetrics(config, sources), openTracer(config, log)]);
    return new Watch(config, { metrics, tracer, log, charts });
  }

  /** Metrics on the port of the events; null when they are not served there. */
  get route(): MetricsRoute | null {
    const { METRICS_TOKEN: token } = this.#config.settings;
    if (!this.#metrics || token === null) return null;
    const metrics = this.#metrics;
    const authenticator = new Authenticator([token]);
    return { authenticator, contentType: metrics.contentType, read: () => metrics.read() };
  }

  store(store: Store): Store {
    if (!this.#metrics && this.tracer === NO_TRACER) return store;
    const shared = this.#config.settings.STORE_URL.kind === 'postgres';
    return new WatchedStore(store, { observer: this.#metrics, tracer: this.tracer, clock: systemClock, shared });
  }

  target(target: Target): Target {
    return this.tracer === NO_TRACER ? target : new TracedTarget(target, this.tracer);
  }

  /** @throws MetricsAddressError when `METRICS_PORT` cannot be had. */
  async listen(): Promise<void> {
    const { HOST, METRICS_HOST, METRICS_PORT } = this.#config.settings;
    if (!this.#listener || METRICS_PORT === null) return;
    const host = METRICS_HOST ?? HOST;
    const port = await this.#listener.listen(host, METRICS_PORT);
    this.#log.info({ host, port, path: '/metrics' }, 'Metrics are served');
  }

  /** Idempotent. @param ms for what is still to be handed on. */
  async close(ms: number): Promise<void> {
    await Promise.all([this.#listener?.close(), this.tracer.close(ms)]);
  }
}

async function openMetrics(config: Config, running: RunningSources): Promise<Metrics | null> {
  const { settings } = config;
  if (settings.METRICS_TOKEN === null && settings.METRICS_PORT === null) return null;
  const { Metrics } = await import('./observe/metrics.ts');
  const sources: Sources = {
    ...running,
    build: { version: VERSION, target: settings.TARGET, delivery: settings.DELIVERY, store: settings.STORE_URL.kind },
    limits: { concurrency: settings.WTL_MAX_CONCURRENCY, perSecond: settings.WTL_MAX_RPS },
    wall: systemClock.wall,
  };
  return new Metrics(rulesOf(settings).eventActions.keys(), sources, systemClock);
}

async function openTracer({ settings }: Config, log: Logger): Promise<Tracer> {
  const url = collectorOf(settings);
  if (url === null) return NO_TRACER;
  const { OtelTracer } = await import('./observe/tracing.ts');
  const options = {
    url,
    ratio: settings.OTEL_TRACES_SAMPLER_ARG,
    serviceName: settings.APP_NAME,
    version: VERSION,
    masked: settings.LOG_PII === 'mask',
  };
  return new OtelTracer(options, log);
}

/** Source: opentelemetry.io/docs/specs/otel/protocol/exporter, "Endpoint URLs for OTLP/HTTP". */
function collectorOf(settings: Config['settings']): string | null {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole, OTEL_EXPORTER_OTLP_ENDPOINT: base } = settings;
  if (whole) return whole.href;
  return base ? `${base.href.replace(/\/+$/, '')}/v1/traces` : null;
}
