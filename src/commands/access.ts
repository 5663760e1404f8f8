import { userInfo } from 'node:os';
import { createClient, type Client } from '../client/client.ts';
import { ConfigError, type Config } from '../config.ts';
import { EXIT } from './exit-codes.ts';
import { Refusal, UsageError } from './refusal.ts';
import { remoteFetch } from './remote-api.ts';

/**
 * How a command reaches the API: over HTTP where STARKEEP_URL says so, else by the api's own app in this process, over the servers of the
 * installation on this machine. A command does not know which.
 */

/** Who it is done for. Over HTTP that is the name of the key. */
export interface Person {
  /** `--by` */
  by?: string | undefined;
}

/**
 * Lends the API to a command that only looks.
 * @param options.quiet nobody reads a warning
 * @throws ConfigError when it is not known where that is
 */
export async function withApi<T>(
  config: Config,
  work: (api: Client) => Promise<T>,
  { quiet = false }: { quiet?: boolean } = {},
): Promise<T> {
  return config.remote === undefined ? lent(config, 'starkeep', work) : work(remoteClient(config.remote, quiet));
}

/**
 * Lends the API to a command that does something in a person's name, which the audit log has.
 * @throws ConfigError when it is not known where that is · UsageError for a name where the key has one
 */
export async function withApiFor<T>(config: Config, { by }: Person, work: (api: Client) => Promise<T>): Promise<T> {
  if (config.remote === undefined) return lent(config, by || systemUser(), work);
  if (by) {
    throw new UsageError(
      '--by says who decides at the machine itself. With STARKEEP_URL the audit log has the name of the key: leave --by out.',
    );
  }
  return work(remoteClient(config.remote));
}

/** For commands about this machine. @throws UsageError where another one is meant */
export function refuseRemote({ remote }: Config, command: string): void {
  if (remote === undefined) return;
  throw new UsageError(
    `\`starkeep ${command}\` works on the machine where Starkeep runs, and STARKEEP_URL names ${remote.url}. Run it there, without STARKEEP_URL.`,
  );
}

async function lent<T>(config: Config, name: string, work: (api: Client) => Promise<T>): Promise<T> {
  // Not before it is needed: over HTTP a command has no use for all that an api is made of.
  const { withLocalApi } = await import('./local-api.ts');
  return withLocalApi(config, name, (fetch) => work(createClient({ url: 'http://localhost', fetch })));
}

function remoteClient({ url, key }: NonNullable<Config['remote']>, quiet = false): Client {
  if (key === undefined) {
    throw new ConfigError([
      'STARKEEP_URL is set, and STARKEEP_KEY is not. `starkeep keys create --name NAME`, on the machine where Starkeep runs, makes a key.',
    ]);
  }
  if (!quiet) warnOfReadableKey(url);
  return createClient({ url, key, fetch: remoteFetch(url) });
}

let isWarned = false;

function warnOfReadableKey(url: string): void {
  const { protocol, hostname } = new URL(url);
  const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
  if (isWarned || isHere || protocol === 'https:') return;
  isWarned = true;
  process.stderr.write(
    `Warning: STARKEEP_URL is ${url}, without TLS: the key travels readable to everybody on the way. Use an https:// address.\n`,
  );
}

export function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container a user id need not have a name.
    throw new Refusal('This user has no name on this system. Say who decides: --by NAME', EXIT.usage);
  }
}
