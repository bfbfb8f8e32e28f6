import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misspeltNames, misspeltWords } from '../../src/config/misspelt.ts';
import { SECRET_NAMES, SETTING_NAMES } from '../../src/config/table.ts';

/** What shells, systemd, containers, Kubernetes, CI, npm, Node and OpenTelemetry put into an environment. */
const USUAL = `
  _ CDPATH COLORTERM COLUMNS DISPLAY EDITOR GROUPS HISTFILE HISTSIZE HOME HOSTNAME HOSTTYPE IFS LANG LANGUAGE LC_ALL
  LC_CTYPE LESS LINES LOGNAME LS_COLORS MACHTYPE MAIL MANPATH OLDPWD OSTYPE PAGER PATH PS1 PWD SHELL SHLVL TERM TEMP TMP
  TMPDIR TZ UID USER USERNAME VISUAL XDG_RUNTIME_DIR XDG_SESSION_ID SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_TTY SUDO_USER
  INVOCATION_ID JOURNAL_STREAM LISTEN_FDS LISTEN_PID MAINPID NOTIFY_SOCKET RUNTIME_DIRECTORY STATE_DIRECTORY
  LOGS_DIRECTORY CONFIGURATION_DIRECTORY SYSTEMD_EXEC_PID WATCHDOG_USEC container CREDENTIALS_DIRECTORY
  KUBERNETES_PORT KUBERNETES_PORT_443_TCP KUBERNETES_PORT_443_TCP_ADDR KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT
  POD_NAME POD_NAMESPACE POD_IP NODE_NAME HOST_IP HOSTS PORTS POST TARGETARCH TARGETOS TARGETPLATFORM DOCKER_HOST
  CI BUILD_ID BUILD_NUMBER GITHUB_TOKEN GITHUB_ACTIONS GITLAB_CI JENKINS_URL RUNNER_OS JOB_NAME WORKSPACE
  NODE NODE_ENV NODE_OPTIONS NODE_PATH NODE_VERSION NODE_EXTRA_CA_CERTS NODE_DEBUG NO_COLOR FORCE_COLOR INIT_CWD EDITOR
  npm_config_cache npm_package_name npm_lifecycle_event npm_execpath YARN_VERSION
  HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy SSL_CERT_FILE SSL_CERT_DIR LD_LIBRARY_PATH
  OTEL_SERVICE_NAME OTEL_RESOURCE_ATTRIBUTES OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_PROTOCOL OTEL_TRACES_SAMPLER
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT OTEL_EXPORTER_OTLP_LOGS_ENDPOINT OTEL_EXPORTER_OTLP_TIMEOUT OTEL_LOG_LEVEL
  PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE DATABASE_URL AWS_REGION GOOGLE_APPLICATION_CREDENTIALS GOOGLE_CLOUD_PROJECT
  APP_ENV APP_HOME APP_PORT SECRET_KEY LOG_FILE LOG_DIR LOG_FORMAT DEBUG_COLORS RANGES
`
  .trim()
  .split(/\s+/);

test('nothing of a usual environment is taken for a slip of the pen', () => {
  assert.deepEqual(misspeltNames(USUAL), []);
  assert.deepEqual(misspeltNames([...SETTING_NAMES, ...SECRET_NAMES.map((name) => `${name}_FILE`)]), []);
});

test('a slip is found in every setting, and what was meant is said', () => {
  const slips = {
    DELIVRY: 'DELIVERY',
    LOG_LEVLE: 'LOG_LEVEL',
    LOGLEVEL: 'LOG_LEVEL',
    PROT: 'PORT',
    MAX_ATEMPTS: 'MAX_ATTEMPTS',
  };
  assert.deepEqual(misspeltNames(Object.keys(slips)), Object.keys(slips));
  for (const [name, meant] of Object.entries(slips)) {
    assert.equal(misspeltWords(name), `is no setting and has no effect; did you mean ${meant}?`);
  }
  for (const name of SETTING_NAMES) {
    const swapped = `${name.slice(0, -2)}${name.at(-1)}${name.at(-2)}`;
    if (swapped !== name) assert.deepEqual(misspeltNames([swapped]), [swapped], name);
  }
});

test('what only begins as ours does is found, and nobody guesses what was meant', () => {
  assert.deepEqual(misspeltNames(['WTL_TOKEN_OF_API']), ['WTL_TOKEN_OF_API']);
  assert.match(misspeltWords('WTL_TOKEN_OF_API'), /^is no setting, most likely misspelt/);
});
