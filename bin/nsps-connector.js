#!/usr/bin/env node
// The program's entrance, in plain JavaScript that any Node runs: the program itself needs Node 26.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/main.js', import.meta.url);

if (!existsSync(program)) {
  console.error('nsps-connector: the program is not built yet: run "npm ci" (or "npm run build") in its folder first.');
  process.exitCode = 70;
} else if (Number(process.versions.node.split('.')[0]) >= 26) {
  if (process.env.NSPS_CONNECTOR_LAUNCHER && process.channel) {
    // Started by pinned-node.js: when that process is gone, this one has nobody to answer to.
    delete process.env.NSPS_CONNECTOR_LAUNCHER;
    process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
    process.channel.unref();
  }
  module.enableCompileCache?.(fileURLToPath(new URL('../dist/compile-cache', import.meta.url)));
  await import(program);
} else {
  const { runPinned } = await import('./pinned-node.js');
  runPinned(fileURLToPath(import.meta.url));
}
