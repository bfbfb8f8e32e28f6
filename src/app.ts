import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type Calls, type Extras, OperatorSide, type Work } from './app-operators.ts';
import { storeName } from './config/kinds.ts';
import type { Config } from './config/load.ts';
import { rulesOf } from './config/rules.ts';
import type { Secret } from './config/secret.ts';
import { recordsEvents } from './config/setting.ts';
import { prepareValidation } from './contract/validate.ts';
import type { Delivery } from './delivery/arrival.ts';
import { Attempts } from './delivery/attempts.ts';
import { Breaker } from './delivery/breaker.ts';
import { EventIds } from './delivery/event-ids.ts';
import { Gate } from './delivery/gate.ts';
import { InlineDelivery } from './delivery/inline.ts';
import { QueuedDelivery } from './delivery/queued.ts';
import { Reconciler } from './delivery/reconciler.ts';
import { Retention } from './delivery/retention.ts';
import { Answers } from './http/answer.ts';
import { Authenticator } from './http/auth.ts';
import { EventIntake } from './http/intake.ts';
import { Lifecycle } from './http/lifecycle.ts';
import type { OperatorParts } from './http/operators.ts';
import { buildServer } from './http/server.ts';
import { newIds } from './http/trace.ts';
import { CircuitLog } from './observe/circuit-log.ts';
import { systemClock } from './observe/clock.ts';
import { readOwnStore } from './own-store.ts';
import { both } from './ports/observer.ts';
import type { Logger } from './ports/runtime.ts';
import type { Store } from './ports/store.ts';
import { openRecording, type Recording } from './recording.ts';
import { backlogOf } from './store/backlog.ts';
import { GuardedStore } from './store/guard.ts';
import { ConfiguredTarget } from './targets/registry.ts';
import { type RunningSources, Watch } from './watch.ts';

/** What runs once the store is open. */
interface Running {
  readonly store: GuardedStore;
  readonly attempts: Calls;
  readonly http: FastifyInstance;
  /** The connector's own work: the reconciler, or the recorder of a target that records events. */
  readonly work: Work;
  readonly retention: Retention;
  readonly watch: Watch;
}

/** The whole connector, wired from its settings. The only place that knows every part. */
export class App {
  readonly #config: Config;
  readonly #log: Logger;
  /** Null when it records events instead of holding states. */
  readonly #target: ConfiguredTarget | null;
  #recording: Recording | null = null;
  readonly #lifecycle = new Lifecycle();
  readonly #operators: OperatorSide | null;
  /** Its store where that is being opened already; null when it is still to be. */
  readonly #store: Promise<Store> | null;
  #running: Running | null = null;
  #stopped: Promise<boolean> | null = null;

  /** Nothing is opened yet, and nothing listens. */
  constructor(config: Config, log: Logger, extras: Extras = {}) {
    this.#config = config;
    this.#operators = OperatorSide.of(config, extras);
    this.#store = extras.store ?? null;
    this.#log = log;
    this.#target = recordsEvents(config.settings.TARGET) ? null : new ConfiguredTarget(config, systemClock);
  }

  async #wire(opened: Store, watch: Watch): Promise<Running> {
    const { settings } = this.#config;
    const clock = systemClock;
    const log = this.#log;
    const guard = new GuardedStore(opened, clock, settings.STORE_TIMEOUT * 1000, (fault) => this.#storeChanged(fault));
    const store = watch.store(guard);
    this.#recording = await openRecording(this.#config, store.outbox, log, watch);
    const { work, delivery, attempts } =
      this.#recording ?? this.#provisioning(store, this.#target as ConfiguredTarget, watch);
    const lifecycle = this.#lifecycle;
    const storeFault = () => guard.fault;
    const operators =
      this.#operators?.parts({
        store,
        storeFault,
        attempts,
        work,
        lifecycle,
        log,
        backlog: () => backlogOf(store, settings),
        observer: watch.observer,
      }) ?? null;
    const keepMs = settings.RETENTION_DAYS * DAY_MS;
    return {
      store: guard,
      attempts,
      watch,
      work,
      retention: new Retention({ store, clock, log, keepMs, most: settings.RETENTION_EVENTS }),
      http: this.#server(delivery, store, storeFault, watch, operators),
    };
  }

  #provisioning(store: Store, target: ConfiguredTarget, watch: Watch) {
    const { settings } = this.#config;
    const clock = systemClock;
    const log = this.#log;
    const attempts = this.#attempts(target, watch);
    const deadlineMs = settings.WTL_HTTP_REQUESTS_TIMEOUT * 1000;
    const rest = { firstMs: settings.RETRY_FIRST_PAUSE * 1000, longestMs: settings.RETRY_LONGEST_PAUSE * 1000 };
    const limits = { deadlineMs, concurrency: reconcilerConcurrency(settings), rest };
    const parts = { store, attempts, clock, random: Math.random };
    const eventIds = new EventIds();
    const reconciler = new Reconciler({ ...parts, log, limits, newIds, eventIds, tracer: watch.tracer });
    const capacity = settings.WTL_MAX_CONCURRENCY + settings.WTL_MAX_WAITING;
    const inline = { deadlineMs, capacity, retries: settings.WTL_RETRIES };
    const done = reconciler.passOn.bind(reconciler);
    const delivery =
      settings.DELIVERY === 'queued'
        ? new QueuedDelivery({ store, capacity, eventIds, nudge: () => reconciler.nudge() })
        : new InlineDelivery({ ...parts, done, limits: inline });
    return { work: reconciler, delivery, attempts };
  }

  #attempts(target: ConfiguredTarget, watch: Watch): Attempts {
    const { settings } = this.#config;
    const clock = systemClock;
    const cooldownMs = settings.WTL_BREAKER_COOLDOWN * 1000;
    const breaker = new Breaker({ failures: settings.WTL_BREAKER_FAILURES, cooldownMs }, clock);
    const circuitLog = new CircuitLog(breaker, cooldownMs, clock, this.#log);
    const { observer } = watch;
    const gate = { concurrency: settings.WTL_MAX_CONCURRENCY, perSecond: settings.WTL_MAX_RPS };
    return new Attempts({
      target: watch.target(target),
      observer: observer ? both(observer, circuitLog) : circuitLog,
      gate: new Gate(gate, clock),
      breaker,
      clock,
    });
  }

  #server(
    delivery: Delivery,
    store: Store,
    storeFault: () => string | null,
    watch: Watch,
    operators: OperatorParts | null,
  ): FastifyInstance {
    const { settings } = this.#config;
    const answers = new Answers(settings.ERROR_TYPE_CASE);
    const log = this.#log;
    const { observer, tracer } = watch;
    const parts = { store, answers, clock: systemClock, log, observer, tracer };
    return buildServer({
      options: {
        appName: settings.APP_NAME,
        eventPath: settings.EVENT_PATH,
        maxBodyBytes: settings.MAX_BODY_BYTES,
        intakeTimeoutMs: settings.INTAKE_TIMEOUT * 1000,
        eventTimeoutMs: (patienceOf(settings) + 2 * settings.STORE_TIMEOUT) * 1000,
      },
      authenticator: new Authenticator(intakeTokens(this.#config)),
      intake: new EventIntake({ rules: rulesOf(settings), delivery, ...parts }),
      lifecycle: this.#lifecycle,
      storeFault,
      answers,
      log,
      clock: systemClock,
      operators,
      metrics: watch.route,
      observer,
      tracer,
    });
  }

  #storeChanged(fault: string | null): void {
    if (fault === null) this.#log.info({}, 'The store works again');
    else this.#log.error({ store: storeName(this.#config.settings.STORE_URL), error: fault }, 'The store fails');
  }

  /**
   * Opens the store and starts to listen.
   * @returns the base URL under which it is reached from this machine.
   * @throws StoreError when the store cannot be opened; an error with a code when the address cannot be had
   *   (`EADDRINUSE`, `EACCES`, …); MetricsAddressError when that of the metrics cannot.
   */
  async start(): Promise<string> {
    const { HOST, PORT } = this.#config.settings;
    const opened = await (this.#store ?? (await readOwnStore(this.#config.settings, this.#log))());
    this.#running = await this.#open(opened).catch(async (error: unknown) => {
      await opened.close();
      throw error;
    });
    const { http, work, retention, watch } = this.#running;
    try {
      await http.listen({ host: HOST, port: PORT });
      await watch.listen();
    } catch (error) {
      await Promise.all([http.close(), watch.close(0), this.#running.store.close()]);
      throw error;
    }
    // Not before listening: a cold start is measured to the first answer of /health.
    setImmediate(() => this.#warmUp());
    work.start();
    retention.start();
    const { port } = http.server.address() as AddressInfo;
    return `http://${reachable(HOST)}:${port}`;
  }

  async #open(opened: Store): Promise<Running> {
    const watch = await Watch.open(this.#config, this.#sources(), {
      log: this.#log,
      charts: this.#operators?.series ?? null,
    });
    return await this.#wire(opened, watch).catch(async (error: unknown) => {
      await watch.close(0);
      throw error;
    });
  }

  #sources(): RunningSources {
    const parts = () => this.#running as Running;
    return {
      inside: () => this.#lifecycle.underWay,
      calls: () => parts().attempts,
      circuit: () => parts().attempts.circuit,
      storeUp: () => parts().store.fault === null,
      backlog: () => backlogOf(parts().store, this.#config.settings),
    };
  }

  #warmUp(): void {
    prepareValidation();
    this.#target?.warmUp().catch((error: unknown) => this.#log.error({ err: error }, 'The target cannot be opened'));
  }

  /**
   * Takes no more events, lets those under way end within `SHUTDOWN_TIMEOUT`, and closes everything. Idempotent.
   * @returns false when events had to be cut off.
   */
  stop(): Promise<boolean> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<boolean> {
    const { SHUTDOWN_TIMEOUT } = this.#config.settings;
    const running = this.#running;
    if (!running) return true;
    running.retention.stop();
    // Pages that look on must not hold up events, nor the end.
    const quiet = within(CLOSE_MS, this.#operators?.stop() ?? Promise.resolve());
    const [drained, rested] = await Promise.all([
      this.#lifecycle.drain(SHUTDOWN_TIMEOUT * 1000, systemClock),
      within(SHUTDOWN_TIMEOUT * 1000, running.work.stop()),
    ]);
    if (!drained || !rested) {
      const events = this.#lifecycle.underWay;
      const fields = { events, under_way: running.work.underWay, timeout_s: SHUTDOWN_TIMEOUT };
      this.#log.error(
        fields,
        'Cut off at SHUTDOWN_TIMEOUT: NSPS will send the events again, the rest goes on at the next start',
      );
    }
    await quiet;
    const closing = [running.http.close(), this.#target?.close(), this.#recording?.close()];
    await within(CLOSE_MS, Promise.all([...closing, running.watch.close(CLOSE_MS)]));
    await within(CLOSE_MS, running.store.close());
    return drained && rested;
  }
}

/** Closing what is idle takes no time; what does not close must not keep us, in milliseconds. */
const CLOSE_MS = 2_000;

const DAY_MS = 86_400_000;

/** @returns whether `work` ended in time. What cannot be closed, because the disk is full, must not keep us either. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  return await new Promise((resolve) => {
    const end = (ended: boolean) => {
      cancel();
      resolve(ended);
    };
    const cancel = systemClock.after(ms, () => resolve(false));
    work.then(
      () => end(true),
      () => end(false),
    );
  });
}

/** What is queued may use all the calls there are; beside inline delivery, confirming must not take them from events. */
function reconcilerConcurrency(settings: Config['settings']): number {
  const most = settings.WTL_MAX_CONCURRENCY;
  const share = settings.DELIVERY === 'queued' ? most : Math.ceil(most / 4);
  // No more than a second's worth is held at a limited rate: what comes in fresh must not wait behind it.
  return settings.WTL_MAX_RPS > 0 ? Math.min(share, settings.WTL_MAX_RPS) : share;
}

/** One event's whole budget, in seconds. */
function patienceOf(settings: Config['settings']): number {
  return recordsEvents(settings.TARGET) ? settings.GOOGLE_HTTP_REQUESTS_TIMEOUT : settings.WTL_HTTP_REQUESTS_TIMEOUT;
}

function intakeTokens({ settings }: Config): Secret[] {
  return [settings.API_TOKEN, settings.API_TOKEN_PREVIOUS].filter((token) => token !== null);
}

/** An address that listens on all interfaces is reached on this machine as loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
