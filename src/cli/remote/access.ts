import { baseUrl } from '../../config/kinds.ts';
import { loadConfig, readEnvironment } from '../../config/load.ts';
import { isLoopback } from '../../config/loopback.ts';
import { AdminClient } from '../admin-client.ts';
import { type CommandLine, EXIT, optionOf, PlainError } from '../command.ts';

/**
 * Does work with the admin API of the connector that `--url` names, and lets go of it.
 * @throws UsageError, or PlainError (69; 78 without a token) saying what is wrong and what to do.
 */
export async function withConnector(
  line: CommandLine,
  work: (client: AdminClient) => Promise<number>,
): Promise<number> {
  const base = optionOf(baseUrl, 'url', line.values['url'] ?? '');
  const token = tokenOf();
  if (base.protocol === 'http:' && !isLoopback(base.hostname)) {
    process.stderr.write(`Warning: ADMIN_TOKEN goes to ${base.host} unencrypted; use https://, or a tunnel.\n`);
  }
  const client = new AdminClient(base, token);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** The other settings are the connector's, not ours: they may be absent or wrong here. */
function tokenOf(): string {
  const { ADMIN_TOKEN, ADMIN_TOKEN_FILE } = readEnvironment();
  const { settings } = loadConfig({ ADMIN_TOKEN, ADMIN_TOKEN_FILE }, { requireAll: false });
  const token = settings.ADMIN_TOKEN?.reveal() ?? '';
  if (token !== '') return token;
  const what =
    ADMIN_TOKEN_FILE === undefined ? 'ADMIN_TOKEN is not set' : `ADMIN_TOKEN_FILE: ${ADMIN_TOKEN_FILE} holds no token`;
  throw new PlainError(`${what}: --url needs the ADMIN_TOKEN of the connector`, EXIT.config);
}
