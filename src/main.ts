import { runCommandLine } from './cli/run.ts';

// `explain … | head`: whoever reads our output may stop, and that is no fault.
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
