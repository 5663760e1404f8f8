import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createDatabase } from './adapters/postgres/database.ts';
import { createEnteredSettings } from './adapters/postgres/entered-settings.ts';
import { ConfigError, loadConfig, type Config } from './config.ts';
import type { Role } from './config/settings.ts';
import { parsePayloadKeys, type PayloadKey } from './domain/payload-keys.ts';
import type { EnteredSettings, EnteredSettingsStore } from './domain/service-stores.ts';
import { letGo } from './parent.ts';
import { type Watch, watchEvery } from './watch.ts';

/** The settings of a process: those of its environment, and what people entered in the web UI. */

export interface WithEntered {
  config: Config;
  /** As it was when this was read; `null`: it was not read, since it is not known where the record is. */
  stamp: string | null;
  unopened: EnteredSettings['unopened'];
}

/**
 * Reads both.
 * @param databaseUrl where the record is, when the environment does not say so
 * @throws ConfigError with every problem; for a worker also when something that was entered cannot be read: it must not run by other rules than were
 *   meant · Failure `DatabaseUnavailable`
 */
export async function loadWithEntered(
  environment: Record<string, string | undefined>,
  role: Role,
  databaseUrl?: string,
): Promise<WithEntered> {
  const { config, missing } = ofEnvironment(environment, role);
  const url = config.databaseUrl ?? databaseUrl;
  if (url === undefined) {
    if (missing) throw missing;
    return { config, stamp: null, unopened: [] };
  }
  const { stamp, settings, unopened } = await readEntered(url, await settingsKeysOf(config));
  if (role === 'worker' && unopened.length > 0) throw unreadable(unopened);
  return { config: loadConfig(environment, role, settings), stamp, unopened };
}

/** What is only missing may have been entered. @throws ConfigError for everything else */
function ofEnvironment(
  environment: Record<string, string | undefined>,
  role: Role,
): { config: Config; missing: ConfigError | null } {
  try {
    return { config: loadConfig(environment, role), missing: null };
  } catch (error) {
    if (!(error instanceof ConfigError) || !error.onlyMissing) throw error;
    return { config: loadConfig(environment, 'none'), missing: error };
  }
}

async function readEntered(url: string, keys: readonly PayloadKey[]): Promise<EnteredSettings> {
  const db = createDatabase({ url, applicationName: 'starkeep settings', maxConnections: 1 });
  try {
    return await createEnteredSettings(db, keys).read();
  } finally {
    await db.close();
  }
}

export function unreadable(unopened: EnteredSettings['unopened']): ConfigError {
  return new ConfigError(
    unopened.map(({ name, keyId, why }) =>
      why === 'no such key'
        ? `${name} was entered in the web UI and sealed with the key "${keyId}", which is not here. Bring back STARKEEP_SETTINGS_KEYS, or \`settings.key\` of the data folder; or enter it again; or forget it: \`starkeep config unset ${name}\`.`
        : `${name} is not what was entered in the web UI: somebody changed it in the database. Enter it again, or forget it: \`starkeep config unset ${name}\`.`,
    ),
  );
}

const fileIn = (dataDir: string) => join(dataDir, 'settings.key');

/** What entered settings are sealed with: of the settings, or else of the data folder. @returns none when there is neither */
export async function settingsKeysOf({
  settingsKeys,
  dataDir,
}: Pick<Config, 'settingsKeys' | 'dataDir'>): Promise<readonly PayloadKey[]> {
  if (settingsKeys) return settingsKeys;
  try {
    return parsePayloadKeys((await readFile(fileIn(dataDir), 'utf8')).trim());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ConfigError([`${fileIn(dataDir)} cannot be used: it must be ${(error as Error).message}.`]);
  }
}

/** Makes the key of the data folder where there is none. Readable by its owner only; a backup of the database does not have it. */
export async function ensureSettingsKey(config: Pick<Config, 'settingsKeys' | 'dataDir'>): Promise<void> {
  if ((await settingsKeysOf(config)).length > 0) return;
  const key = `${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`;
  const path = fileIn(config.dataDir);
  // If we die here, the next start makes another: nothing was sealed with this one yet.
  await writeFile(`${path}.new`, `${key}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

const LOOK_EVERY_MS = 1_000;

/** Calls `onChange` once, when something is entered or taken back after `stamp`: this process is to end, and to start again. */
export function watchEntered(
  entered: Pick<EnteredSettingsStore, 'read'>,
  stamp: string | null,
  onChange: () => void,
  log: Logger,
): Pick<Watch, 'stop'> {
  let told = false;
  const look = async () => {
    if (told || (await entered.read()).stamp === stamp) return;
    told = true;
    letGo();
    onChange();
  };
  return watchEvery(LOOK_EVERY_MS, look, 'it is not seen whether settings are entered', log);
}
