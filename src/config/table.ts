import {
  baseUrl,
  choice,
  eventActions,
  eventPath,
  flag,
  integer,
  profileName,
  pythonPattern,
  ratio,
  seconds,
  secretText,
  storeUrl,
  text,
  token,
} from './kinds.ts';
import type { Secret } from './secret.ts';
import { optional, required, type Setting, type TargetName, withDefault } from './setting.ts';
import { TARGET_GROUPS } from './target-settings.ts';

/**
 * Every setting there is, grouped as the documentation shows them. Names known from the Python connector keep their
 * name and meaning, so that it can be replaced in place. Seconds for times.
 */
export const GROUPS = {
  Service: {
    APP_NAME: withDefault(text(), 'wtl-hlr-hss-connector', 'Name of the service in `/health` and in the logs.'),
    HOST: withDefault(text('an address to listen on'), '0.0.0.0', 'Address to listen on.'),
    PORT: withDefault(integer(0, 65535), '8000', 'Port to listen on; 0 takes a free one.'),
    EVENT_PATH: withDefault(eventPath, '/process-event', 'Where NSPS posts its events.'),
    SHUTDOWN_TIMEOUT: withDefault(
      seconds(0, 3600),
      '30',
      'How long events under way may take after SIGTERM. Give the container a little more.',
    ),
  },
  Intake: {
    API_TOKEN: { ...required(token, 'Bearer token that NSPS sends.'), secret: true },
    API_TOKEN_PREVIOUS: {
      ...optional(token, 'A second token that is accepted too, while the token is being changed.'),
      secret: true,
    },
    MAX_BODY_BYTES: withDefault(integer(1, 104857600), '2097152', 'Largest event taken, in bytes; beyond it 413.'),
    INTAKE_TIMEOUT: withDefault(seconds(0.1, 600), '10', 'Longest time a client may take to send a request; then 408.'),
    ERROR_TYPE_CASE: withDefault(
      choice('upper', 'lower'),
      'upper',
      'Spelling of `type` in error answers; `lower` is that of the older published OpenAPI document.',
    ),
  },
  Decision: {
    EVENT_ACTIONS: optional(
      eventActions,
      'Adds to and overrides what event types mean: `SIM/Created=insert,SIM/Deleted=delete,SIM/Replaced=ignore`. ' +
        'Without it `SIM/Updated=update,SIM/Replaced=replace`; every other type is ignored. A target that records events ' +
        'records those of any action but `ignore`; without it `SIM/Updated`.',
    ),
    STRICT_ENRICHMENT: withDefault(
      flag,
      'true',
      'Refuse (422) an event whose account data is missing instead of barring the subscriber on a guess.',
    ),
    WTL_IMSI_REGEXP: optional(pythonPattern, 'Only subscribers whose IMSI contains a match are provisioned.'),
    WTL_DEFAULT_CS_PROFILE: withDefault(profileName, 'default', 'CS profile when the access policy names none.'),
    WTL_DEFAULT_EPS_PROFILE: withDefault(profileName, 'default', 'EPS profile when the access policy names none.'),
  },
  ...TARGET_GROUPS,
  Delivery: {
    DELIVERY: withDefault(
      choice('inline', 'queued'),
      'inline',
      '`inline`: NSPS waits for the true result, and sends again what failed. `queued`: it is answered as soon as the ' +
        'event is safe, and the connector repeats what fails.',
    ),
    SETTLE_AFTER: optional(
      seconds(0.01, 86400),
      'How long after a call without a known result the core may still come to it, in seconds; then the newest state ' +
        'is confirmed. Twice `WTL_HTTP_REQUESTS_TIMEOUT` when not set; with `TARGET=google-sheets` 180, after which Google ' +
        'gives up on a request.',
    ),
    RETRY_FIRST_PAUSE: withDefault(
      seconds(0.01, 3600),
      '1',
      "The connector's own repeats: pause after the first failure, in seconds; doubled with every further one.",
    ),
    RETRY_LONGEST_PAUSE: withDefault(seconds(0.01, 86400), '600', 'The longest such pause, in seconds.'),
    MAX_ATTEMPTS: withDefault(
      integer(0, 1000000),
      '100',
      'Failures after which the connector gives up on an event (dead letter); 0 = never.',
    ),
    MAX_AGE: withDefault(
      seconds(0, 31536000),
      '604800',
      'Age at which it gives up on an event that keeps failing, in seconds; 0 = never.',
    ),
  },
  Store: {
    STORE_URL: withDefault(
      storeUrl,
      'sqlite:./data/connector.db',
      'Where subscribers and events are kept. A file serves one connector, `postgres://user@host/database` several ' +
        '(over TLS with `?sslmode=verify-full`, and `&sslrootcert=<file>` for a CA of its own), `memory:` ends with the process. With `TARGET=google-sheets` not `postgres://`: a sheet has one writer.',
    ),
    STORE_PASSWORD: {
      ...optional(secretText, 'Password for `postgres://`, when the URL holds none.'),
      secret: true,
    },
    STORE_TIMEOUT: withDefault(
      seconds(0.1, 600),
      '10',
      'How long the store may take for one event; then 503, and not ready.',
    ),
    RETENTION_DAYS: withDefault(
      integer(0, 36500),
      '90',
      'How long events are kept in the journal, and what operators did in the audit; 0 = for ever.',
    ),
    RETENTION_EVENTS: withDefault(
      integer(0, 1000000000),
      '10000000',
      'Most events kept, whatever their age: about 2.5 kB each on disk; 0 = no limit.',
    ),
  },
  Operating: {
    ADMIN_TOKEN: {
      ...optional(
        token,
        'Bearer token for the admin API (`/admin/v1`), for scripts and tools. It must differ from the tokens of NSPS.',
      ),
      secret: true,
    },
    CONSOLE_TOKEN: {
      ...optional(
        token,
        'Token with which operators sign in to the console (`/console`); there is none when it is not set. Changing it ' +
          'ends all sessions. It must differ from the tokens of NSPS.',
      ),
      secret: true,
    },
    CONSOLE_SESSION_HOURS: withDefault(integer(1, 720), '12', 'How long a sign-in to the console lasts, in hours.'),
  },
  Logs: {
    LOG_LEVEL: withDefault(choice('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'), 'INFO', 'Least level written.'),
    LOG_PII: withDefault(choice('full', 'mask'), 'full', '`mask` hides IMSIs and numbers in the logs.'),
    DEBUG: withDefault(flag, 'false', 'Readable lines instead of JSON when the output is a terminal.'),
  },
  'Metrics and traces': {
    METRICS_TOKEN: {
      ...optional(token, 'Bearer token for `/metrics` on `PORT`. Without it `PORT` serves no metrics.'),
      secret: true,
    },
    METRICS_PORT: optional(
      integer(0, 65535),
      'A port of its own for `/metrics`, without a token: not for a network that others reach. 0 takes a free one.',
    ),
    METRICS_HOST: optional(text('an address to listen on'), 'Address of that port. `HOST` when not set.'),
    OTEL_EXPORTER_OTLP_ENDPOINT: optional(
      baseUrl,
      'OpenTelemetry collector (OTLP over HTTP) that gets traces; `/v1/traces` is added. Without it nothing is traced.',
    ),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optional(baseUrl, 'The same as a whole URL, to which nothing is added.'),
    OTEL_TRACES_SAMPLER_ARG: withDefault(
      ratio,
      '1',
      'Part of the traces that is kept. What NSPS says in `x-b3-sampled` comes first.',
    ),
  },
} as const satisfies Record<string, Record<string, Setting>>;

type Groups = typeof GROUPS;
/** All groups in one: their intersection, as the parameter of a function that takes any of them. */
type Table = { [G in keyof Groups]: (group: Groups[G]) => void }[keyof Groups] extends (table: infer T) => void
  ? T
  : never;

export type SettingName = keyof Table;

type Value<S> =
  S extends Setting<infer T>
    ? S extends { target: TargetName }
      ? T | null
      : S extends { required: true } | { fallback: string }
        ? T
        : T | null
    : never;

/** All settings, read and checked. A setting that is not set and has no default is null. */
export type Settings = { readonly [N in SettingName]: Value<Table[N]> };

/** Every setting by name, in the order of the documentation. */
export const SETTINGS = Object.assign({}, ...Object.values(GROUPS)) as Table;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** Settings whose value is a secret; each can also be named by a file, in `<NAME>_FILE`. */
export const SECRET_NAMES = SETTING_NAMES.filter((name) => 'secret' in SETTINGS[name]) as SecretName[];

export type SecretName = {
  [N in SettingName]: Settings[N] extends Secret | null ? N : never;
}[SettingName];
