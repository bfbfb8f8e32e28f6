import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Config } from './config/load.ts';
import { rulesOf } from './config/rules.ts';
import type { Secret } from './config/secret.ts';
import { prepareValidation } from './contract/validate.ts';
import { Attempts } from './delivery/attempts.ts';
import { Breaker } from './delivery/breaker.ts';
import { Gate } from './delivery/gate.ts';
import { InlineDelivery } from './delivery/inline.ts';
import { Answers } from './http/answer.ts';
import { Authenticator } from './http/auth.ts';
import { EventIntake } from './http/intake.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { buildServer } from './http/server.ts';
import { systemClock } from './observe/clock.ts';
import type { Logger } from './ports/runtime.ts';
import type { Store } from './ports/store.ts';
import { MemoryStore } from './store/memory.ts';
import { ConfiguredTarget } from './targets/registry.ts';

/** The whole connector, wired from its settings. The only place that knows every part. */
export class App {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #target: ConfiguredTarget;
  readonly #store: Store;
  readonly #lifecycle = new Lifecycle();
  readonly #http: FastifyInstance;
  #stopped: Promise<boolean> | null = null;

  /** Builds the parts; nothing listens yet. */
  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#target = new ConfiguredTarget(config, systemClock);
    this.#store = new MemoryStore();
    this.#http = this.#wire();
  }

  #wire(): FastifyInstance {
    const { settings } = this.#config;
    const clock = systemClock;
    const deadlineMs = settings.WTL_HTTP_REQUESTS_TIMEOUT * 1000;
    const concurrency = settings.WTL_MAX_CONCURRENCY;
    const breaker = { failures: settings.WTL_BREAKER_FAILURES, cooldownMs: settings.WTL_BREAKER_COOLDOWN * 1000 };
    const attempts = new Attempts({
      target: this.#target,
      gate: new Gate({ concurrency, perSecond: settings.WTL_MAX_RPS }, clock),
      breaker: new Breaker(breaker, clock),
      clock,
      random: Math.random,
      limits: { retries: settings.WTL_RETRIES },
    });
    const limits = { deadlineMs, capacity: concurrency + settings.WTL_MAX_WAITING };
    const delivery = new InlineDelivery({ store: this.#store, attempts, clock, limits });
    const answers = new Answers(settings.ERROR_TYPE_CASE);
    return buildServer({
      options: {
        appName: settings.APP_NAME,
        eventPath: settings.EVENT_PATH,
        maxBodyBytes: settings.MAX_BODY_BYTES,
        intakeTimeoutMs: settings.INTAKE_TIMEOUT * 1000,
        eventTimeoutMs: deadlineMs,
      },
      authenticator: new Authenticator(intakeTokens(this.#config)),
      intake: new EventIntake({ rules: rulesOf(settings), delivery, answers, clock, log: this.#log }),
      lifecycle: this.#lifecycle,
      answers,
      log: this.#log,
    });
  }

  /**
   * Starts to listen.
   * @returns the base URL under which it is reached from this machine.
   * @throws when the address cannot be had (`EADDRINUSE`, `EACCES`, …).
   */
  async start(): Promise<string> {
    const { HOST, PORT } = this.#config.settings;
    await this.#http.listen({ host: HOST, port: PORT });
    // Not before listening: a cold start is measured to the first answer of /health.
    setImmediate(() => this.#warmUp());
    const { port } = this.#http.server.address() as AddressInfo;
    return `http://${reachable(HOST)}:${port}`;
  }

  #warmUp(): void {
    prepareValidation();
    this.#target.warmUp().catch((error: unknown) => this.#log.error({ err: error }, 'The target cannot be opened'));
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
    const drained = await this.#lifecycle.drain(SHUTDOWN_TIMEOUT * 1000, systemClock);
    if (!drained) {
      const fields = { events: this.#lifecycle.underWay, timeout_s: SHUTDOWN_TIMEOUT };
      this.#log.error(fields, 'Events cut off at SHUTDOWN_TIMEOUT; NSPS will send them again');
    }
    await within(CLOSE_MS, Promise.all([this.#http.close(), this.#target.close()]));
    await this.#store.close();
    return drained;
  }
}

/** Closing what is idle takes no time; what does not close must not keep us, in milliseconds. */
const CLOSE_MS = 2_000;

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new Promise<void>((resolve) => systemClock.after(ms, resolve));
  await Promise.race([work, late]);
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
