// What some tests use of the system, installed where that is possible: a browser for the console, an HLR for its target.
// Never fails: tests that miss their program say so and are skipped.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian package → any of these programs is it. */
const PACKAGES = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  'osmo-hlr': ['osmo-hlr'],
};
const MOST_MS = 300_000;

const missing = Object.keys(PACKAGES).filter((name) => !PACKAGES[name].some(isInstalled));
if (missing.length > 0) install(missing);

function install(names) {
  const what = names.join(' and ');
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    console.log(`Not installed: ${what}. Their tests are skipped; as root on Debian, this would install them.`);
    return;
  }
  console.log(`Installing ${what} for the tests (apt-get) …`);
  aptGet('update');
  // One at a time: where one cannot be had, the other still can.
  for (const name of names) {
    const { status, stderr } = aptGet('install', '-y', '--no-install-recommends', name);
    if (status !== 0) console.log(`apt-get cannot install ${name}; its tests are skipped: ${lastLine(stderr)}`);
  }
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-q', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: MOST_MS });
}

function lastLine(bytes) {
  return (
    String(bytes ?? '')
      .trim()
      .split('\n')
      .at(-1) || 'no word why'
  );
}

/** Also where Debian keeps daemons, which is on root's path only. */
function isInstalled(program) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
