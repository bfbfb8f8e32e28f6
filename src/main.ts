import { EXIT } from './cli/command.ts';
import { runCommandLine } from './cli/run.ts';

// `explain … | head`: whoever reads our output may stop, and that is no fault. But what was still to be done is not done.
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code === 'EPIPE') process.exit(EXIT.unread);
  process.stderr.write(`nsps-connector: cannot write to standard output: ${error.message}\n`);
  process.exit(EXIT.ioError);
});

process.exitCode = await runCommandLine(process.argv.slice(2));
