import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The Node that `npm ci` installs beside the program. */
const PINNED = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

/**
 * Runs the program again on the pinned Node, as if it had been started there: same arguments, same terminal, signals
 * passed on, same exit code. The IPC channel lets it notice when this process dies without a word.
 */
export function runPinned(entrance) {
  if (!existsSync(PINNED)) {
    console.error(
      `nsps-connector: needs Node 26 or newer, this is ${process.version}. "npm ci" installs one beside the program; ` +
        'npm scripts ("npm start") run on it.',
    );
    process.exitCode = 70;
    return;
  }
  const child = spawn(PINNED, [entrance, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A group of its own: the terminal's Ctrl-C reaches it once, through us, and not twice.
    detached: true,
    env: { ...process.env, NSPS_CONNECTOR_LAUNCHER: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`nsps-connector: cannot start ${PINNED}: ${error.message}`);
    process.exitCode = 70;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === 'SIGKILL' ? 9 : 15);
  });
}
