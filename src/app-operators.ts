import type { Config } from './config/load.ts';
import { rulesOf } from './config/rules.ts';
import { recordsEvents } from './config/setting.ts';
import type { Simulated } from './contract/admin.ts';
import type { Attempts } from './delivery/attempts.ts';
import type { Reconciler } from './delivery/reconciler.ts';
import { Ongoing } from './http/admin/ongoing.ts';
import { Answers } from './http/answer.ts';
import type { Lifecycle } from './http/lifecycle.ts';
import type { OperatorParts } from './http/operators.ts';
import { systemClock } from './observe/clock.ts';
import { maskText } from './observe/mask.ts';
import { Series } from './observe/series.ts';
import type { Observer } from './ports/observer.ts';
import type { Logger } from './ports/runtime.ts';
import type { Backlog, Store } from './ports/store.ts';
import { previewer } from './targets/registry.ts';
import { VERSION } from './version.ts';

/** What a connector can be given besides its settings. */
export interface Extras {
  /** Who is on the core simulator that runs beside it. */
  readonly simulated?: () => Simulated['subscribers'];
  /** Its store, being opened already; it is the connector's to close. */
  readonly store?: Promise<Store>;
  /** Where the files of the console are, when not beside the program. */
  readonly consoleFolder?: URL;
}

/** How the calls to the external system stand. */
export type Calls = Pick<Attempts, 'circuit' | 'rest' | 'underWay' | 'waiting'> & {
  /** What somebody has to mend before they go on; absent where the system has to be waited for. */
  readonly fault?: string | null;
};

/** The connector's own work: the reconciler's, or that of the recorder of a target that records events. */
export type Work = Pick<Reconciler, 'start' | 'stop' | 'underWay' | 'nudge'>;

/** The parts of the connector that operators look at and work with. */
interface Operated {
  readonly store: Store;
  /** Why it does not work now; null when it does. */
  readonly storeFault: () => string | null;
  readonly attempts: Calls;
  readonly backlog: () => Promise<Backlog>;
  readonly work: Work;
  readonly lifecycle: Lifecycle;
  readonly log: Logger;
  /** Told of the requests that are turned away; null when nobody wants to know. */
  readonly observer: Observer | null;
}

/** The side of the connector that is for operators: part of the composition root. */
export class OperatorSide {
  /** What charts are made of. */
  readonly series = new Series(systemClock);
  readonly #ongoing = new Ongoing();
  readonly #config: Config;
  readonly #extras: Extras;

  /** @returns null when no token of operators is set: then nothing of it is there. */
  static of(config: Config, extras: Extras): OperatorSide | null {
    const { ADMIN_TOKEN, CONSOLE_TOKEN } = config.settings;
    return ADMIN_TOKEN || CONSOLE_TOKEN ? new OperatorSide(config, extras) : null;
  }

  private constructor(config: Config, extras: Extras) {
    this.#config = config;
    this.#extras = extras;
  }

  /** For the HTTP server. */
  parts({ store, storeFault, attempts, work, lifecycle, log, backlog, observer }: Operated): OperatorParts {
    const config = this.#config;
    const { settings } = config;
    const { consoleFolder, simulated = null } = this.#extras;
    return {
      desk: { store, views: store.views, rules: rulesOf(settings), previewer: () => previewer(config) },
      about: {
        service: settings.APP_NAME,
        version: VERSION,
        target: settings.TARGET,
        records: recordsEvents(settings.TARGET),
        delivery: settings.DELIVERY,
        store: settings.STORE_URL.kind,
        eventPath: settings.EVENT_PATH,
        rateLimit: settings.WTL_MAX_RPS || null,
      },
      load: () => ({
        circuit: attempts.circuit.state,
        retryInMs: attempts.rest,
        fault: attempts.fault ?? null,
        inFlight: attempts.underWay,
        waiting: attempts.waiting,
        inside: lifecycle.underWay,
      }),
      charts: this.series,
      backlog,
      storeFault,
      nudge: () => work.nudge(),
      simulated,
      mask: settings.LOG_PII === 'mask' ? maskText : null,
      ongoing: this.#ongoing,
      answers: new Answers(settings.ERROR_TYPE_CASE),
      clock: systemClock,
      log,
      observer,
      adminToken: settings.ADMIN_TOKEN,
      consoleToken: settings.CONSOLE_TOKEN,
      sessionMs: settings.CONSOLE_SESSION_HOURS * 3_600_000,
      ...(consoleFolder && { consoleFolder }),
    };
  }

  /** Ends the answers that go on; resolves when they have. */
  stop(): Promise<void> {
    return this.#ongoing.stop();
  }
}
