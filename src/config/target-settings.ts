import { DEFAULT_COLUMNS } from '../core/columns.ts';
import { baseUrl, choice, columnRange, columns, integer, seconds, spreadsheetId, text, token } from './kinds.ts';
import { optional, requiredFor, type Setting, TARGET_NAMES, withDefault } from './setting.ts';

/** Settings of the external systems, a group each. What `Core` says of calls, repeats and limits holds for all of them. */
export const TARGET_GROUPS = {
  Core: {
    TARGET: withDefault(choice(...TARGET_NAMES), 'wtl', 'The external system to provision.'),
    WTL_API_URL: requiredFor(
      'wtl',
      baseUrl,
      'Base URL of the WTL API; `/prov` is added. Trailing slashes do not matter.',
    ),
    WTL_API_TOKEN: { ...requiredFor('wtl', token, 'Bearer token for the WTL API.'), secret: true },
    WTL_HTTP_REQUESTS_TIMEOUT: withDefault(
      seconds(0.01, 3600),
      '30.0',
      "One event's whole budget, in seconds: waiting for its turn, calling the core, and repeats.",
    ),
    WTL_RETRIES: withDefault(
      integer(0, 100),
      '3',
      'Repeats within that budget, after failures that are safe to repeat.',
    ),
    WTL_MAX_CONCURRENCY: withDefault(integer(1, 10000), '256', 'Calls to the core at a time.'),
    WTL_MAX_RPS: withDefault(integer(0, 100000), '0', 'Calls to the core a second, evenly spaced; 0 = no limit.'),
    WTL_MAX_WAITING: withDefault(
      integer(0, 100000),
      '1000',
      'Events that may wait for their turn; one more is answered 429.',
    ),
    WTL_BREAKER_FAILURES: withDefault(
      integer(0, 100000),
      '10',
      'Failures in a row that open the circuit (unreachable, timed out, 5xx); 0 = never.',
    ),
    WTL_BREAKER_COOLDOWN: withDefault(
      seconds(0.01, 3600),
      '5',
      'How long an open circuit rests before one call tries the core again.',
    ),
    WTL_CA_FILE: optional(text('a PEM file'), 'Certificate authority of the core, for https.'),
    WTL_CLIENT_CERT_FILE: optional(text('a PEM file'), 'Client certificate shown to the core.'),
    WTL_CLIENT_KEY_FILE: optional(text('a PEM file'), 'Key of the client certificate.'),
  },
  OsmoHLR: {
    OSMO_HLR_HOST: withDefault(text('a host name or an address'), '127.0.0.1', 'Where osmo-hlr listens.'),
    OSMO_HLR_CTRL_PORT: withDefault(integer(1, 65535), '4259', 'Port of its control interface (`ctrl`).'),
    OSMO_HLR_VTY_PORT: withDefault(integer(1, 65535), '4258', 'Port of its VTY (`line vty`).'),
    OSMO_HLR_TIMEOUT: withDefault(
      seconds(0.01, 3600),
      '5.0',
      'How long one attempt may take there, and how long it may wait for its turn, within `WTL_HTTP_REQUESTS_TIMEOUT`.',
    ),
  },
  'Google Sheets': {
    GOOGLE_CREDENTIALS_PATH: requiredFor(
      'google-sheets',
      text('the path of a service account key (JSON)'),
      'Key of the service account that the spreadsheet is shared with, as Google Cloud gives it.',
    ),
    SPREADSHEET_ID: requiredFor('google-sheets', spreadsheetId, 'The spreadsheet that events are recorded in.'),
    SHEET_NAME: withDefault(
      text('the name of a sheet'),
      'Sheet1',
      'The sheet (tab) in it. This connector alone may append to it.',
    ),
    RANGE: optional(
      columnRange,
      'Its columns, as many as `SHEET_COLUMNS` names and one for `event_id`. From `A` on when not set.',
    ),
    SHEET_COLUMNS: withDefault(
      columns,
      DEFAULT_COLUMNS,
      'What is recorded of an event beside its `event_id`, which always comes first: a path in the event, with a title ' +
        'if wanted (`Title=path`); the first of several that leads to something (`path|path`); or text with paths in ' +
        'braces.',
    ),
    SHEET_WRITES_PER_MINUTE: withDefault(
      integer(1, 60),
      '60',
      'Writes in any 60 seconds, also across restarts; each takes up to 500 events. Google allows a service account 60.',
    ),
    GOOGLE_HTTP_REQUESTS_TIMEOUT: withDefault(
      seconds(0.01, 180),
      '30.0',
      'How long one call to Google may take, and how long NSPS waits for its row (`DELIVERY=inline`), in seconds.',
    ),
    RETRY_COUNT: withDefault(
      integer(0, 100),
      '3',
      'Repeats after which NSPS waits no longer and is answered `queued`; the connector goes on repeating.',
    ),
    GOOGLE_SHEETS_API_URL: withDefault(
      baseUrl,
      'https://sheets.googleapis.com',
      "Where the API is: for a proxy, or the emulator. The token's address is the key's own `token_uri`.",
    ),
  },
} as const satisfies Record<string, Record<string, Setting>>;
